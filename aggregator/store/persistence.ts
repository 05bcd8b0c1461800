import type { Clock } from "../../src/clock.ts";
import type { FacetName } from "../../src/state/mod.ts";
import type { Replica, Session } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "./events.ts";
import type { Store } from "./mod.ts";

/** How long discoveries and events wait at least before they go to disk, in milliseconds. cfg never waits. */
const FLUSH_EVERY = 200;
/** How long they may wait at most, in milliseconds. */
const FLUSH_CAP = 5_000;
/** The pause after a write is so many times as long as the write took: the disk gets a bounded share of the time. */
const FLUSH_PAUSE = 15;

/** Writes what was discovered and logged to the store, batched. */
export interface Persistence {
  /** Writes at once whatever waits. @returns Whether it is on disk: what could not be written is tried again. */
  flush(): boolean;
  /** Writes it as soon as what runs now is over: what comes in one go is written in one go. */
  flushSoon(): void;
  /** Forgets a document. */
  forget(id: string): void;
  /** What is not on disk yet. */
  readonly waiting: { readonly unsavedDocuments: number; readonly unsavedEvents: number };
  stop(): void;
}

/** What is written, and where to. */
export interface PersistenceParts {
  readonly store: Store;
  readonly replica: Replica;
  readonly events: Events;
  readonly clock: Clock;
  readonly changes: Pick<Changes, "turn">;
  /** The facets that are written here: the root's cfg is not, as it is on disk before it is acknowledged. */
  readonly facets: readonly FacetName[];
  /** How far the child has got that brought what a document holds; undefined where no child did. */
  session(id: string): readonly [child: string, session: Session] | undefined;
}

/** Follows a replica and an event log. */
export function createPersistence(parts: PersistenceParts): Persistence {
  const { store, replica, events, clock, changes } = parts;
  const forgotten = new Set<string>();
  const waiting = new Map<string, Set<FacetName>>();
  let cancel: (() => void) | undefined;
  let isSoon = false;
  let pause = FLUSH_EVERY;
  let stopped = false;

  /** As one turn: what a store that takes writes again leads to comes after what was written is counted as saved. */
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
    // Whoever brought a document is on disk with it: after a crash it goes on from what is really there.
    const sessions = new Map(documents.flatMap(({ document }) => optional(parts.session(document.id))));
    try {
      store.commit({ documents, sessions, events: unsaved, removed: [...forgotten] });
      waiting.clear();
      forgotten.clear();
      events.saved(unsaved.at(-1)?.id ?? 0);
      pause = Math.min(FLUSH_CAP, Math.max(FLUSH_EVERY, FLUSH_PAUSE * (clock.now() - started)));
      return true;
    } catch {
      // What was discovered can be discovered again; what was logged is still in memory. Try again with the next batch.
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
