import { createHash } from "node:crypto";
import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { MqttConnection } from "../../src/mqtt/mod.ts";
import { keepConnected } from "../../src/mqtt/reconnect.ts";
import { redactUrl } from "../../src/redact.ts";
import type { BoardTopics } from "./board.ts";
import type { PublisherEvents } from "./publisher.ts";
import { openStateSession, type ProtocolVersion } from "./session.ts";

/** The broker to connect to, and the identity to use. */
export interface PublishConnectOptions {
  readonly url: string;
  readonly cluster: string;
  /** The aggregator's name. */
  readonly aggregator: string;
  /** Its UUID. */
  readonly ownId: string;
  readonly topics: Pick<BoardTopics, "base" | "online">;
  /** Filters that find topics of earlier runs outside the base topic. */
  readonly filters: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Connects a publisher to a broker and reconnects after each loss. It uses MQTT 5 if the broker supports it, otherwise MQTT 3.1.1. An
 * aggregator always uses the same client id at a broker: if the broker still has the connection of an earlier run, it closes that one
 * first, so that its last will does not overwrite what this run publishes.
 */
export function connectPublisher(options: PublishConnectOptions, events: PublisherEvents): MqttConnection {
  const { url, cluster, aggregator, topics, filters, clock, random, log } = options;
  const { base, online } = topics;
  const at = createHash("sha256").update(new URL(url).host).digest("hex").slice(0, 8);
  const clientId = `kraken-state-${options.ownId}-${at}`;
  let version: ProtocolVersion = 5;
  let next: ProtocolVersion = 5;
  const connection = {
    ...{ url, clientId, random, log, topics: [] },
    onConnect: () => events.onUp(version === 5),
    onClose: events.onClose,
    onMessage: events.onKept,
  };
  return keepConnected(connection, (session) => {
    version = next;
    return openStateSession({
      ...{ url, version, clientId, cluster, aggregator, base, online, clock },
      filters: [`${base}/nodes/#`, ...filters],
      onOpen() {
        next = 5; // the broker may have been upgraded before the next connection
        events.onOpen();
      },
      onOlder: () => next = version === 5 ? 4 : 5,
      onBlind(why) {
        const todo = "What is gone from there stays retained. Let this client subscribe to its own topics";
        log.warn("Cannot see what was published before", { url: redactUrl(url), why, topics: `${base}/#`, todo });
      },
    }, session);
  }, clock);
}
