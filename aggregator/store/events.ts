import type { Clock } from "../../src/clock.ts";
import type { LoggedEvent } from "./types.ts";
import { type DroppedEvents, MAX_EVENTS, type Store, type Stored } from "./types.ts";

/** The fact that says up to which id events may have been given out. */
const RESERVED = "reservedEvents";

/** How many ids are reserved on disk at a time: after a crash they go on above those that may have been seen. */
const RESERVE = 1000;
/** The newest events that are kept in memory. */
const MAX_RECENT = 2000;
/** The newest events that are kept for a store that fails. */
const MAX_UNSAVED = 10_000;
/** The most listeners at once: each is a stream that somebody watches. */
const MAX_LISTENERS = 1000;

/** The event log: what was decided or seen, when, for which node, why. */
export interface Events {
  add(event: { readonly node: string; readonly kind: string; readonly mutation?: string; readonly why: string }): void;
  /** Events after an id, oldest first. @param nodes Only of nodes of these names; absent of all. */
  after(id: number, limit: number, nodes?: ReadonlySet<string>): readonly LoggedEvent[];
  readonly last: number;
  listen(listener: (event: LoggedEvent) => void): () => void;
  /** How many listen. */
  readonly listeners: number;
  /** Those that are not in the store yet. */
  unsaved(): readonly LoggedEvent[];
  /** Everything up to this id is in the store. */
  saved(id: number): void;
  /** Events that are kept no more, as the log is full or the store took no writes for too long. */
  readonly dropped: DroppedEvents;
}

/**
 * Makes an event log that goes on after the newest event of the store, and after every id that an earlier run may have
 * given out without its event getting to the disk: no id is given twice.
 */
export function createEvents(clock: Clock, store: Store, stored: Stored): Events {
  const recent: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  let unsaved: LoggedEvent[] = [];
  let lostUnsaved = 0;
  let isTold = store.dropped.upTo > 0;
  const fact = stored.facts.get(RESERVED);
  let reserved = typeof fact === "number" ? fact : 0;
  let newest = Math.max(stored.lastEvent, reserved);

  function reserve(): void {
    try {
      store.commit({ facts: new Map([[RESERVED, newest + RESERVE]]) });
      reserved = newest + RESERVE;
    } catch {
      // A failed event must not stop the work: the next write to the store reports the failure.
    }
  }
  const events: Events = {
    add(event) {
      if (newest >= reserved) reserve();
      newest += 1;
      const logged: LoggedEvent = {
        ...event,
        id: newest,
        time: new Date(clock.wall()).toISOString(),
        why: storable(event.why),
      };
      recent.push(logged);
      if (recent.length > 2 * MAX_RECENT) recent.splice(0, MAX_RECENT);
      unsaved.push(logged);
      if (unsaved.length > MAX_UNSAVED) {
        unsaved.shift();
        lostUnsaved++;
      }
      for (const listener of listeners) listener(logged);
    },
    after(id, limit, nodes) {
      const oldest = recent[0]?.id;
      if (oldest === undefined || id + 1 < oldest) {
        const stored = store.events(id, limit, nodes);
        if (stored.length > 0) return stored;
      }
      return recent.filter((event) => event.id > id && nodes?.has(event.node) !== false).slice(0, limit);
    },
    get last() {
      return newest;
    },
    get listeners() {
      return listeners.size;
    },
    listen(listener) {
      if (listeners.size >= MAX_LISTENERS) {
        throw new RangeError(`Cannot stream events to more than ${MAX_LISTENERS} listeners at once`);
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    unsaved: () => unsaved,
    saved(id) {
      unsaved = unsaved.filter((event) => event.id > id);
      if (isTold || store.dropped.upTo === 0) return;
      isTold = true;
      const why =
        `The event log is full: it keeps the newest ${MAX_EVENTS} events, and drops the oldest from now on. ` +
        "Follow it (krakenctl events -f -o json) to keep all of them elsewhere";
      events.add({ node: "", kind: "log", why });
    },
    get dropped() {
      const { upTo, count } = store.dropped;
      return { upTo, count: count + lostUnsaved };
    },
  };
  return events;
}

/**
 * A reason may quote what machines and programs said. What not every store can keep is replaced, so that an event
 * is the same before and after a restart.
 */
function storable(text: string): string {
  return text.replaceAll("\0", "\ufffd").replaceAll(/\p{Surrogate}/gu, "\ufffd");
}
