import { Buffer } from "node:buffer";
import type { Clock } from "../../src/clock.ts";
import { createRefusalLog, type Log } from "../../src/log.ts";
import type { MqttConnection } from "../../src/mqtt/mod.ts";
import { every, fullBucket, type Rate, takeToken, waitForToken } from "../../src/toolkit/mod.ts";
import type { Board } from "./board.ts";

/** Messages that are on their way to the broker at a time: Mosquitto, for one, takes 20. */
const WINDOW = 20;
/** How long it waits at least where the rate is used up, in milliseconds: some messages at a time cost less than each by itself. */
const PAUSE_MS = 50;
/** Events that wait, at most: the oldest are dropped. */
const MAX_EVENTS = 1_000;
/** Topics at the aggregator's place that it does not know and that wait to be cleared, at most: more are found after the next connect. */
const MAX_UNKNOWN = 200_000;
/** How often everything is said again, in milliseconds, to brokers that let messages expire (see `session.ts`). */
const REFRESH_MS = 8 * 3_600_000;
/** How long the last word may take, in milliseconds. */
const STOP_MS = 2_000;

/** What a publisher has done since it was made, and what waits. */
export interface PublisherCounts {
  readonly isUp: boolean;
  /** Messages that the broker has taken. */
  readonly published: number;
  /** Messages that it has refused. */
  readonly refused: number;
  /** Events that were dropped, as the broker did not take them in time. */
  readonly droppedEvents: number;
  /** Topics and events that wait. */
  readonly waiting: number;
}

/** Tells a publisher what becomes of its connection. */
export interface PublisherEvents {
  /** The broker is reached: what it has kept comes next. */
  onOpen(): void;
  /** What the broker has kept at the aggregator's place. */
  onKept(topic: string, payload: Uint8Array): void;
  /** All that it has kept was told. @param expires Whether the broker lets messages expire. */
  onUp(expires: boolean): void;
  onClose(): void;
}

/** Publishes a board to one broker. */
export interface Publisher {
  readonly counts: PublisherCounts;
  /** Says that nothing is current any more, where the broker listens, and disconnects. */
  stop(): Promise<void>;
}

/** What a publisher is made of. */
export interface PublisherParts {
  readonly board: Board;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages a second, at most. */
  readonly perSecond: number;
  connect(events: PublisherEvents): MqttConnection;
  /** Gets what the broker has kept of an earlier run. */
  recall(topic: string, payload: string): void;
}

/**
 * Publishes a board to one broker: at a bounded rate, with a bounded number of messages under way. It remembers which topics have
 * changed and no payloads, so what waits for a broker that takes nothing is bounded by the number of nodes. After each connect it
 * says what the broker does not have as it is, and clears what it does not know.
 */
export function createPublisher(parts: PublisherParts): Publisher {
  const { board, clock, log } = parts;
  const rate: Rate = { burst: Math.max(1, Math.ceil(parts.perSecond / 4)), perSecond: parts.perSecond };
  const bucket = fullBucket(rate, clock.now());
  const refusals = createRefusalLog(log, clock);
  /** Topics whose payload the broker does not have. */
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
  /** Sends what waits, as far as rate and window allow. Events and topics take turns. */
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
  /** `online` comes last: by then everything is current. */
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
      if (unknown > 0) log.info("Clears topics that no node has any more", { topics: unknown });
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

/** Waits for something, but not for long. */
function withinTime(clock: Clock, what: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(STOP_MS, resolve);
    void what.finally(() => {
      cancel();
      resolve();
    });
  });
}
