import type { Clock } from "../src/clock.ts";
import type { LoggedEvent } from "./control.ts";
import type { Store } from "./store/mod.ts";

/** The newest events that are kept in memory. */
const MAX_RECENT = 2000;
/** The most listeners at once: each is a stream that somebody watches. */
const MAX_LISTENERS = 1000;

/** The event log: what was decided or seen, when, for which node, why. */
export interface Events {
  add(event: { readonly node: string; readonly kind: string; readonly mutation?: string; readonly why: string }): void;
  /** Events after an id, oldest first. */
  after(id: number, limit: number): readonly LoggedEvent[];
  readonly last: number;
  listen(listener: (event: LoggedEvent) => void): () => void;
  /** Those that are not in the store yet, once. */
  takeNew(): LoggedEvent[];
}

/** Makes an event log that goes on after the newest event of the store. */
export function createEvents(clock: Clock, store: Store, last: number): Events {
  const recent: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  let unsaved: LoggedEvent[] = [];
  let newest = last;
  return {
    add(event) {
      newest += 1;
      const logged: LoggedEvent = { id: newest, time: new Date(clock.wall()).toISOString(), ...event };
      recent.push(logged);
      if (recent.length > 2 * MAX_RECENT) recent.splice(0, MAX_RECENT);
      unsaved.push(logged);
      for (const listener of listeners) listener(logged);
    },
    after(id, limit) {
      const oldest = recent[0]?.id;
      if (oldest === undefined || id + 1 < oldest) {
        const stored = store.events(id, limit);
        if (stored.length > 0) return stored;
      }
      return recent.filter((event) => event.id > id).slice(0, limit);
    },
    get last() {
      return newest;
    },
    listen(listener) {
      if (listeners.size >= MAX_LISTENERS) {
        throw new RangeError(`Cannot stream events to more than ${MAX_LISTENERS} listeners at once`);
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    takeNew() {
      const events = unsaved;
      unsaved = [];
      return events;
    },
  };
}
