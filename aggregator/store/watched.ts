import type { Clock } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Store } from "./types.ts";
import { doubling, errorText } from "../../src/toolkit/mod.ts";

/** Pause before a failed store is tried again, in milliseconds; doubles up to {@link RETRY_CAP}. */
const RETRY = 1_000;
const RETRY_CAP = 10_000;

/** A store with its state: whether it takes writes. */
export interface WatchedStore extends Store {
  /** Why the last write failed, and what to do; undefined while it takes writes. */
  readonly problem: string | undefined;
  /** Number of failed writes. */
  readonly failures: number;
  /** Ends its timer. The store stays open. */
  unwatch(): void;
}

/**
 * Watches `store`. Failures are thrown to the writer as before. While writes fail, it retries by itself, because there
 * may be nothing else to write. It posts `StoreTurned` when failures begin and when writes succeed again.
 *
 * @param parts What it depends on.
 */
export function watchStore(
  store: Store,
  parts: { readonly clock: Clock; readonly log: Log; readonly changes: Pick<Changes, "post"> },
): WatchedStore {
  const { clock, log, changes } = parts;
  let problem: string | undefined;
  let failures = 0;
  let retries = 0;
  let cancel: (() => void) | undefined;
  let unwatched = false;

  function failed(error: unknown): void {
    failures++;
    const why = errorText(error);
    if (why !== problem) log.error("Cannot write to the store", { problem: why });
    const isNew = problem === undefined;
    problem = why;
    if (!unwatched) cancel ??= clock.after(doubling(RETRY, RETRY_CAP, retries), tryAgain);
    if (isNew) changes.post({ kind: "StoreTurned", problem });
  }
  function tryAgain(): void {
    cancel = undefined;
    retries++;
    try {
      watched.commit({ facts: new Map([["failures", failures]]) });
    } catch {
      // The failure has been recorded.
    }
  }
  const watched: WatchedStore = {
    load: store.load,
    events: store.events,
    commit(batch) {
      try {
        store.commit(batch);
      } catch (error) {
        failed(error);
        throw error;
      }
      if (problem === undefined) return;
      problem = undefined;
      retries = 0;
      cancel?.();
      cancel = undefined;
      log.info("The store takes writes again", { failures });
      changes.post({ kind: "StoreTurned", problem });
    },
    get dropped() {
      return store.dropped;
    },
    close: store.close,
    unwatch() {
      unwatched = true;
      cancel?.();
    },
    get problem() {
      return problem;
    },
    get failures() {
      return failures;
    },
  };
  return watched;
}
