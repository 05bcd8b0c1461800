import { Buffer } from "node:buffer";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import type { MqttConnection } from "../../src/mqtt/mod.ts";
import { every, fullBucket, type Rate, takeToken, waitForToken } from "../../src/toolkit/mod.ts";
import type { Board } from "./board.ts";

/** Most messages that the broker has not acknowledged; Mosquitto accepts 20 by default. */
const WINDOW = 20;
/** Shortest pause when the rate is used up, in milliseconds: sending several messages at once costs less. */
const PAUSE_MS = 50;
/** Most events that wait; the oldest are dropped. */
const MAX_EVENTS = 1_000;
/** Most unknown topics to clear after a connect; the next connect finds the rest. */
const MAX_UNKNOWN = 200_000;
/** Interval at which everything is published again to brokers with message expiry (see `session.ts`), in milliseconds. */
const REFRESH_MS = 8 * 3_600_000;
/** Time limit for the last message, in milliseconds. */
const STOP_MS = 2_000;

/** Counters of a publisher since it was created, and what waits. */
export interface PublisherCounts {
  readonly isUp: boolean;
  /** Messages that the broker accepted. */
  readonly published: number;
  /** Messages that it refused. */
  readonly refused: number;
  /** Events that were dropped because the broker was too slow. */
  readonly droppedEvents: number;
  /** Topics and events that wait. */
  readonly waiting: number;
}

/** The events of a publisher's connection. */
export interface PublisherEvents {
  /** The broker is connected; its retained messages come next. */
  onOpen(): void;
  /** A retained message of an earlier run or connection. */
  onKept(topic: string, payload: Uint8Array): void;
  /** All retained messages were reported. @param expires Whether the broker supports message expiry. */
  onUp(expires: boolean): void;
  onClose(): void;
}

/** Publishes a board to one broker. */
export interface Publisher {
  readonly counts: PublisherCounts;
  /** Sets `online` to `false`, if the broker is connected, and disconnects. */
  stop(): Promise<void>;
}

/** The parts of a publisher. */
export interface PublisherParts {
  readonly board: Board;
  readonly clock: Clock;
  readonly log: Log;
  /** Most messages per second. */
  readonly perSecond: number;
  connect(events: PublisherEvents): MqttConnection;
  /** Called with retained messages of known topics. */
  recall(topic: string, payload: string): void;
}

/**
 * Publishes a board to one broker, with a limited rate and a limited number of unacknowledged messages. It stores the names of changed
 * topics but no payloads, so the number of topics bounds what waits for a broker that reads nothing. After each connect it publishes
 * what differs from the broker's retained messages, and clears topics that are not on the board.
 */
export function createPublisher(parts: PublisherParts): Publisher {
  const { board, clock, log } = parts;
  const rate: Rate = { burst: Math.max(1, Math.ceil(parts.perSecond / 4)), perSecond: parts.perSecond };
  const bucket = fullBucket(rate, clock.now());
  const refusals = createRefusalLog(log, clock);
  /** Topics to publish. */
  const changed = new Set<string>();
  const events: string[] = [];
  let unknown = 0;
  let isUp = false;
  let isStopped = false;
  let isEventNext = true;
  let cancel: (() => void) | undefined;
  let endRefresh: (() => void) | undefined;
  let published = 0;
  let refused = 0;
  let droppedEvents = 0;

  function payloadOf(topic: string): string {
    return topic === board.online ? "true" : board.get(topic) ?? "";
  }
  /** Sends what waits, within rate and window. Events and topics take turns. */
  function pump(): void {
    cancel?.();
    cancel = undefined;
    while (isUp && !isStopped && connection.waiting.messages < WINDOW && (changed.size > 0 || events.length > 0)) {
      const now = clock.now();
      if (!takeToken(bucket, rate, now)) {
        cancel = clock.after(Math.max(PAUSE_MS, waitForToken(bucket, rate, now)), pump);
        return;
      }
      const event = isEventNext || changed.size === 0 ? events.shift() : undefined;
      isEventNext = event === undefined;
      if (event !== undefined) send(board.events, event, false);
      else sendNextTopic();
    }
  }
  function sendNextTopic(): void {
    for (const topic of changed) {
      changed.delete(topic);
      return send(topic, payloadOf(topic), true);
    }
  }
  function send(topic: string, payload: string, retain: boolean): void {
    void connection.publish(topic, Buffer.from(payload), { retain, qos: retain ? 1 : 0 }).then((taken) => {
      if (taken) published++;
      else if (isUp) {
        refused++;
        refusals.warn("The broker refuses what is published", { topic });
      }
      pump();
    });
  }

  function kept(topic: string, bytes: Uint8Array): void {
    const payload = Buffer.from(bytes).toString();
    if (board.get(topic) === undefined && topic !== board.online) {
      if (unknown >= MAX_UNKNOWN) return;
      unknown++;
      changed.add(topic);
      return;
    }
    parts.recall(topic, payload);
    if (payloadOf(topic) === payload) changed.delete(topic);
  }
  /** Marks everything. `online` comes last, when everything else is current. */
  function mark(): void {
    for (const topic of board.topics) changed.add(topic);
    changed.delete(board.online);
    changed.add(board.online);
  }

  const unfollow = board.follow({
    changed(topic) {
      changed.add(topic);
      pump();
    },
    event(payload) {
      events.push(payload);
      if (events.length > MAX_EVENTS) {
        events.shift();
        droppedEvents++;
      }
      pump();
    },
  });
  const connection = parts.connect({
    onOpen() {
      changed.clear();
      unknown = 0;
      mark();
    },
    onKept: kept,
    onUp(expires) {
      isUp = true;
      if (unknown > 0) log.info("Clears topics of nodes that no longer exist", { topics: unknown });
      if (expires) {
        endRefresh = every(clock, REFRESH_MS, () => {
          mark();
          pump();
        });
      }
      pump();
    },
    onClose() {
      isUp = false;
      endRefresh?.();
      endRefresh = undefined;
    },
  });

  return {
    get counts() {
      return { isUp, published, refused, droppedEvents, waiting: changed.size + events.length };
    },
    async stop() {
      isStopped = true;
      unfollow();
      cancel?.();
      endRefresh?.();
      if (isUp) {
        await withinTime(clock, connection.publish(board.online, Buffer.from("false"), { retain: true, qos: 1 }));
      }
      await connection.end();
    },
  };
}

/** Waits for a promise, with a time limit. */
function withinTime(clock: Clock, what: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(STOP_MS, resolve);
    void what.finally(() => {
      cancel();
      resolve();
    });
  });
}
