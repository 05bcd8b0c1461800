import { Buffer } from "node:buffer";
import { type Clock, systemClock } from "../../src/clock.ts";
import { encodePacket } from "../../src/mqtt/client/mod.ts";
import type { RefusalLog } from "../../src/log.ts";
import { every } from "../../src/toolkit/mod.ts";

/** The levels of a topic filter (MQTT 3.1.1, section 4.7). */
export type TopicFilter = readonly string[];

/** Splits a filter into its levels. */
export function parseFilter(filter: string): TopicFilter {
  return filter.split("/");
}

/** Tells whether the levels of a topic match a filter whose first level is not a wildcard. */
export function matchesFilter(filter: TopicFilter, topic: readonly string[]): boolean {
  for (const [place, level] of filter.entries()) {
    if (level === "#") return true;
    if (place >= topic.length || (level !== "+" && level !== topic[place])) return false;
  }
  return filter.length === topic.length;
}

/** Most observers at a time. */
const MAX_OBSERVERS = 64;
/** Most filters of an observer. */
const MAX_FILTERS = 32;
/** Most messages that an observer has not acknowledged (QoS 1). */
const WINDOW = 100;
/** Most events that wait for an observer; the oldest are dropped. */
const MAX_EVENTS = 1_000;
/** An observer that takes no waiting message for this long is disconnected, in milliseconds; and how often this is checked. */
const STALLED_MS = 30_000;
const LOOK_MS = 5_000;

/** The state to observe: see `Board` in aggregator/publish. */
export interface ObservedBoard {
  readonly online: string;
  readonly events: string;
  readonly topics: Iterable<string>;
  get(topic: string): string | undefined;
  follow(listener: { changed(topic: string): void; event(payload: string): void }): () => void;
}

/** What other programs may subscribe to. */
export interface Observed {
  /** Filters must begin with it, before their first wildcard. */
  readonly prefix: string;
  readonly board: ObservedBoard;
}

/** The connection of an observer. */
export interface ObserverWire {
  /** Whether the client does not read, so that further writes must wait. */
  readonly writableNeedDrain: boolean;
  write(bytes: Uint8Array): unknown;
  once(event: "drain", listener: () => void): unknown;
  destroy(why: Error): unknown;
}

/** A client that may become an observer. */
export interface ObserverPeer {
  readonly id: string;
  readonly closed: boolean;
  readonly conn: ObserverWire;
}

/**
 * Serves clients that are not Kraken's own programs: they may subscribe below one prefix, and nothing else. Their messages bypass
 * aedes and come directly from the board. For each client only the names of changed topics wait, and the payload is read when it is
 * sent, so a slow client needs little memory and delays nobody.
 */
export interface Observers {
  /** Tells whether a filter is below the prefix. */
  isFor(filter: string): boolean;
  /** Tells whether a client may subscribe to such a filter. It becomes an observer by it. */
  admit(client: ObserverPeer, filter: string): boolean;
  /** Tells whether a connection belongs to an observer. */
  has(connection: object | null): boolean;
  /** A client has subscribed. @param subscriptions Refused ones have a QoS of 128. */
  subscribed(client: ObserverPeer, subscriptions: readonly { readonly topic: string; readonly qos: number }[]): void;
  unsubscribed(client: ObserverPeer, filters: readonly string[]): void;
  /** A client has acknowledged a message. */
  acknowledged(client: ObserverPeer): void;
  left(client: ObserverPeer): void;
  /** Sends `online` as `false`, and stops. */
  stop(): void;
}

/** An observer. */
interface Observer {
  readonly client: ObserverPeer;
  readonly filters: Map<string, { readonly levels: TopicFilter; readonly qos: 0 | 1 }>;
  /** Topics to send; `true`: as retained messages (section 3.3.1.3). */
  readonly waiting: Map<string, boolean>;
  readonly events: string[];
  inFlight: number;
  lastId: number;
  /** When it last took a message, or had none waiting. */
  movedAt: number;
  awaitsDrain: boolean;
}

/** See {@link Observers}. */
export function createObservers(
  { prefix, board }: Observed,
  log: RefusalLog,
  clock: Pick<Clock, "after" | "now"> = systemClock,
): Observers {
  const observers = new Map<object, Observer>();
  /** Connections of all observers, also of former ones. */
  const marked = new WeakSet<object>();
  let isOnline = true;

  function payloadOf(topic: string): string | undefined {
    return topic === board.online ? String(isOnline && board.get(topic) === "true") : board.get(topic);
  }
  /** Finds the QoS with which an observer gets a topic; undefined if it has not subscribed to it. */
  function qosFor({ filters }: Observer, levels: readonly string[]): 0 | 1 | undefined {
    let best: 0 | 1 | undefined;
    for (const { levels: filter, qos } of filters.values()) {
      if (matchesFilter(filter, levels)) best = best === 1 ? 1 : qos;
    }
    return best;
  }

  function flush(observer: Observer): void {
    const { client, waiting, events } = observer;
    while (!client.closed && observer.inFlight < WINDOW) {
      if (client.conn.writableNeedDrain) return awaitDrain(observer);
      const event = events.shift();
      if (event !== undefined) {
        write(observer, board.events, event, false);
        continue;
      }
      const [next] = waiting;
      if (next === undefined) break;
      const [topic, isKept] = next;
      waiting.delete(topic);
      const payload = payloadOf(topic);
      // A new subscriber does not know a topic that was removed before it was sent.
      if (payload !== undefined || !isKept) write(observer, topic, payload ?? "", isKept);
    }
  }
  function awaitDrain(observer: Observer): void {
    if (observer.awaitsDrain) return;
    observer.awaitsDrain = true;
    observer.client.conn.once("drain", () => {
      observer.awaitsDrain = false;
      observer.movedAt = clock.now();
      flush(observer);
    });
  }
  function write(observer: Observer, topic: string, payload: string, retain: boolean): void {
    const qos = qosFor(observer, topic.split("/"));
    if (qos === undefined) return; // it has unsubscribed
    const message = { type: "publish", topic, payload: Buffer.from(payload), retain } as const;
    if (qos === 1) {
      observer.inFlight++;
      observer.lastId = observer.lastId % 0xffff + 1;
    }
    observer.client.conn.write(encodePacket(qos === 1 ? { ...message, id: observer.lastId } : message));
    if (observer.waiting.size === 0 && observer.events.length === 0) observer.movedAt = clock.now();
  }

  const unfollow = board.follow({
    changed(topic) {
      const levels = topic.split("/");
      for (const observer of observers.values()) {
        if (qosFor(observer, levels) === undefined) continue;
        touch(observer);
        // A retained message that still waits stays one, because the subscriber has not received this topic before.
        observer.waiting.set(topic, observer.waiting.get(topic) ?? false);
        flush(observer);
      }
    },
    event(payload) {
      const levels = board.events.split("/");
      for (const observer of observers.values()) {
        if (qosFor(observer, levels) === undefined) continue;
        touch(observer);
        observer.events.push(payload);
        if (observer.events.length > MAX_EVENTS) {
          observer.events.shift();
          log.warn("A subscriber is too slow: events are dropped", { client: observer.client.id });
        }
        flush(observer);
      }
    },
  });
  /** Restarts the stall timer if nothing was waiting. */
  function touch(observer: Observer): void {
    if (observer.waiting.size === 0 && observer.events.length === 0) observer.movedAt = clock.now();
  }
  const endLooking = every(clock, LOOK_MS, () => {
    for (const { client, waiting, events, movedAt } of observers.values()) {
      if ((waiting.size === 0 && events.length === 0) || clock.now() - movedAt < STALLED_MS) continue;
      client.conn.destroy(new Error(`It has taken nothing for ${STALLED_MS / 1000} s of what waits for it`));
    }
  });

  return {
    isFor: (filter) => filter.startsWith(`${prefix}/`),
    admit(client, filter) {
      const known = observers.get(client.conn);
      if (known !== undefined) return known.filters.size < MAX_FILTERS || known.filters.has(filter);
      if (observers.size >= MAX_OBSERVERS) {
        log.warn("Broker refuses a subscriber to published state as it has its limit", { subscribers: MAX_OBSERVERS });
        return false;
      }
      marked.add(client.conn);
      observers.set(client.conn, {
        ...{ client, filters: new Map(), waiting: new Map(), events: [] },
        ...{ inFlight: 0, lastId: 0, movedAt: clock.now(), awaitsDrain: false },
      });
      return true;
    },
    has: (connection) => connection !== null && marked.has(connection),
    subscribed(client, subscriptions) {
      const observer = observers.get(client.conn);
      if (observer === undefined) return;
      for (const { topic: filter, qos } of subscriptions) {
        if (qos > 2 || !filter.startsWith(`${prefix}/`) || observer.filters.size >= MAX_FILTERS) continue;
        const levels = parseFilter(filter);
        observer.filters.set(filter, { levels, qos: qos === 0 ? 0 : 1 });
        touch(observer);
        for (const topic of [board.online, ...board.topics]) {
          if (matchesFilter(levels, topic.split("/"))) observer.waiting.set(topic, true);
        }
      }
      flush(observer);
    },
    unsubscribed(client, filters) {
      const observer = observers.get(client.conn);
      for (const filter of filters) observer?.filters.delete(filter);
    },
    acknowledged(client) {
      const observer = observers.get(client.conn);
      if (observer === undefined) return;
      observer.inFlight = Math.max(0, observer.inFlight - 1);
      observer.movedAt = clock.now();
      flush(observer);
    },
    left: (client) => void observers.delete(client.conn),
    stop() {
      isOnline = false;
      endLooking();
      unfollow();
      for (const observer of observers.values()) {
        if (!observer.client.conn.writableNeedDrain) write(observer, board.online, "false", false);
      }
    },
  };
}
