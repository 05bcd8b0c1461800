import type { Clock } from "../src/clock.ts";
import type { Log } from "../src/log.ts";
import type { FacetName } from "../src/state/mod.ts";
import type { Replica } from "../src/sync/mod.ts";
import type { Events } from "./events.ts";
import type { Store } from "./store/mod.ts";

/** How long discoveries and events may wait before they go to disk, in milliseconds. cfg never waits. */
const FLUSH_EVERY = 200;

/** Writes what was discovered and logged to the store, batched. */
export interface Persistence {
  /** Writes at once whatever waits. */
  flush(): void;
  /** Writes it as soon as what runs now is over: what comes in one go is written in one go. */
  flushSoon(): void;
  stop(): void;
}

/** Follows a replica and an event log. cfg is left out: who writes it commits it before it is acknowledged. */
export function createPersistence(store: Store, replica: Replica, events: Events, clock: Clock, log: Log): Persistence {
  const waiting = new Map<string, Set<FacetName>>();
  let cancel: (() => void) | undefined;
  let isSoon = false;
  let stopped = false;

  function flush(): void {
    const unsaved = events.unsaved();
    const documents = [...waiting].flatMap(([id, facets]) => {
      const document = replica.get(id);
      return document === undefined ? [] : [{ document, facets: [...facets] }];
    });
    if (documents.length === 0 && unsaved.length === 0) return;
    try {
      store.commit({ documents, events: unsaved });
      waiting.clear();
      events.saved(unsaved.at(-1)?.id ?? 0);
    } catch (error) {
      // What was discovered can be discovered again; what was logged is still in memory. Try again with the next batch.
      log.error("Cannot write to the store", { problem: error instanceof Error ? error.message : String(error) });
      schedule();
    }
  }
  function flushIn(ms: number): void {
    cancel = clock.after(ms, () => {
      cancel = undefined;
      isSoon = false;
      flush();
    });
  }
  function schedule(): void {
    if (!stopped && cancel === undefined) flushIn(FLUSH_EVERY);
  }
  function flushSoon(): void {
    if (stopped || isSoon) return;
    isSoon = true;
    cancel?.();
    flushIn(0);
  }
  const unfollow = replica.onChange((id, facet) => {
    if (facet === "cfg") return;
    const facets = waiting.get(id);
    if (facets === undefined) waiting.set(id, new Set([facet]));
    else facets.add(facet);
    schedule();
  });
  const unlisten = events.listen(schedule);
  return {
    flush,
    flushSoon,
    stop() {
      unfollow();
      unlisten();
      stopped = true;
      cancel?.();
      flush();
    },
  };
}
