import type { Clock } from "../../src/clock.ts";
import type { FacetName } from "../../src/state/mod.ts";
import type { Replica, Session } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "./events.ts";
import type { Store } from "./mod.ts";

/** Shortest time that discovered values and events wait before they are written, in milliseconds. cfg never waits. */
const FLUSH_EVERY = 200;
/** Longest time that they may wait, in milliseconds. */
const FLUSH_CAP = 5_000;
/** The pause after a write, as a multiple of its duration: it limits the disk's share of the time. */
const FLUSH_PAUSE = 15;

/** Writes discovered values and events to the store, in batches. */
export interface BatchWriter {
  /** Writes everything that waits. @returns Whether it is on disk: what could not be written is tried again. */
  flush(): boolean;
  /** Writes as soon as the present turn is over, so that simultaneous changes are written together. */
  flushSoon(): void;
  /** Removes a document. */
  forget(id: string): void;
  /** What is not on disk yet. */
  readonly waiting: { readonly unsavedDocuments: number; readonly unsavedEvents: number };
  stop(): void;
}

/** What is written, and where. */
export interface BatchWriterParts {
  readonly store: Store;
  readonly replica: Replica;
  readonly events: Events;
  readonly clock: Clock;
  readonly changes: Pick<Changes, "turn">;
  /** The facets to write: without the root's cfg, which is on disk before it is acknowledged. */
  readonly facets: readonly FacetName[];
  /** Returns the session of the child that brought a document; undefined if no child did. */
  session(id: string): readonly [child: string, session: Session] | undefined;
}

/**
 * Creates the batchWriter of a replica and an event log.
 *
 * @param parts What it depends on.
 */
export function createBatchWriter(parts: BatchWriterParts): BatchWriter {
  const { store, replica, events, clock, changes } = parts;
  const forgotten = new Set<string>();
  const waiting = new Map<string, Set<FacetName>>();
  let cancel: (() => void) | undefined;
  let isSoon = false;
  let pause = FLUSH_EVERY;
  let stopped = false;

  /** Runs as one turn: the effects of a store that takes writes again follow after the written data counts as saved. */
  function flush(): boolean {
    return changes.turn(flushNow);
  }
  function flushNow(): boolean {
    const started = clock.now();
    const unsaved = events.unsaved();
    const documents = [...waiting].flatMap(([id, facets]) => {
      const document = replica.get(id);
      return document === undefined ? [] : [{ document, facets: [...facets] }];
    });
    if (documents.length === 0 && unsaved.length === 0 && forgotten.size === 0) return true;
    // The session of the child that brought a document is written with it: after a crash it continues from what is
    // really stored.
    const sessions = new Map(documents.flatMap(({ document }) => optional(parts.session(document.id))));
    try {
      store.commit({ documents, sessions, events: unsaved, removed: [...forgotten] });
      waiting.clear();
      forgotten.clear();
      events.saved(unsaved.at(-1)?.id ?? 0);
      pause = Math.min(FLUSH_CAP, Math.max(FLUSH_EVERY, FLUSH_PAUSE * (clock.now() - started)));
      return true;
    } catch {
      // Discovered values can be discovered again, and events are still in memory. The next batch includes them.
      schedule();
      return false;
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
    if (!stopped && cancel === undefined) flushIn(pause);
  }
  function flushSoon(): void {
    if (stopped || isSoon) return;
    isSoon = true;
    cancel?.();
    flushIn(0);
  }
  const unfollow = replica.onChange((id, facet) => {
    if (!parts.facets.includes(facet)) return;
    const facets = waiting.get(id);
    if (facets === undefined) waiting.set(id, new Set([facet]));
    else facets.add(facet);
    schedule();
  });
  const unlisten = events.listen(schedule);
  return {
    flush,
    flushSoon,
    get waiting() {
      return { unsavedDocuments: waiting.size, unsavedEvents: events.unsaved().length };
    },
    forget(id) {
      waiting.delete(id);
      forgotten.add(id);
      schedule();
    },
    stop() {
      unfollow();
      unlisten();
      stopped = true;
      cancel?.();
      flush();
    },
  };
}

function optional<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
