import type { Clock } from "../../src/clock.ts";
import { dropOldest } from "../../src/toolkit/mod.ts";

/**
 * Births of a run that has been replaced, after which it is no late copy but a run that lives. So many runs, too, that say that
 * they have stopped after they were replaced: a run that ends before the next one begins, as in a crash loop, never does.
 */
const ENOUGH = 2;
/** The least time between two reports of one child, in milliseconds. */
const PAUSE = 600_000;
/** Runs that are remembered of a child. */
const MAX_RUNS = 8;

/** Tells of children of which two runs live at once: two agents with one identity, which put each other out for ever. */
export interface Rivals {
  /** A run of a child is born. */
  born(child: string, run: string): void;
  /** A run of a child says that it has stopped. One that another run has replaced by then was alive all the same. */
  stopped(child: string, run: string): void;
  /** A node is no child any more. */
  remove(child: string): void;
}

/** Makes what tells of them. @param onRival Told which run goes on after which other one has taken its place. */
export function createRivals(
  parts: { readonly clock: Clock; onRival(child: string, old: string, newest: string): void },
): Rivals {
  /** By child: how often each of its runs was born after a later one was, the oldest first; and when that was told. */
  const children = new Map<
    string,
    { readonly late: Map<string, number>; newest: string; told: number; stops: number[] }
  >();

  function tell(child: string, run: string): void {
    const known = children.get(child);
    const now = parts.clock.now();
    if (known === undefined || now - known.told < PAUSE) return;
    known.told = now;
    parts.onRival(child, run, known.newest);
  }
  return {
    born(child, run) {
      const known = children.get(child) ?? { late: new Map<string, number>(), newest: run, told: -Infinity, stops: [] };
      children.set(child, known);
      const { late } = known;
      if (!late.has(run)) {
        late.set(run, 0);
        known.newest = run;
        dropOldest(late, MAX_RUNS);
        return;
      }
      if (run === known.newest) return;
      const count = (late.get(run) ?? 0) + 1;
      late.set(run, count);
      if (count >= ENOUGH) tell(child, run);
    },
    stopped(child, run) {
      const known = children.get(child);
      if (known === undefined || run === known.newest || !known.late.has(run)) return;
      const now = parts.clock.now();
      known.stops = [...known.stops.filter((at) => now - at < PAUSE), now].slice(-ENOUGH);
      if (known.stops.length >= ENOUGH) tell(child, run);
    },
    remove: (child) => void children.delete(child),
  };
}
