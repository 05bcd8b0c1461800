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
  stop(): void;
}

/** Follows a replica and an event log. cfg is left out: who writes it commits it before it is acknowledged. */
export function createPersistence(store: Store, replica: Replica, events: Events, clock: Clock, log: Log): Persistence {
  const waiting = new Map<string, Set<FacetName>>();
  let cancel: (() => void) | undefined;
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
  function schedule(): void {
    if (stopped) return;
    cancel ??= clock.after(FLUSH_EVERY, () => {
      cancel = undefined;
      flush();
    });
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
    stop() {
      unfollow();
      unlisten();
      stopped = true;
      cancel?.();
      flush();
    },
  };
}
