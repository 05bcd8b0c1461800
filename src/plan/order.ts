import { forgottenBy } from "./effects.ts";
import type { Action, Task } from "./task.ts";

/**
 * Computes what each action of a plan must wait for in any schedule: the earlier actions whose effects touch what it
 * reads or writes, or that read what it writes. Waits that follow from others are left out (transitive reduction).
 *
 * An action's effects include everything that it can make unknown; it reads what its own effects need to be known.
 *
 * @param task The task.
 * @param actions The plan, in an order that works.
 * @returns For each action the places of the actions that it waits for, ascending.
 */
export function partialOrder(task: Task, actions: readonly Action[]): number[][] {
  const footprints = new Map<Action, Footprint>();
  for (const action of actions) {
    if (!footprints.has(action)) footprints.set(action, footprintOf(task, action));
  }
  /** For each variable the last action that wrote it, and those that have read it since. */
  const lastWriter: (number | undefined)[] = task.sizes.map(() => undefined);
  const readersSince: number[][] = task.sizes.map(() => []);
  const before: number[][] = [];
  for (const [place, action] of actions.entries()) {
    const { reads, writes } = footprints.get(action) ?? footprintOf(task, action);
    const waits = new Set<number>();
    for (const variable of [...reads, ...writes]) {
      const writer = lastWriter[variable];
      if (writer !== undefined) waits.add(writer);
    }
    for (const variable of writes) for (const reader of readersSince[variable] ?? []) waits.add(reader);
    before.push([...waits].sort((a, b) => a - b));
    for (const variable of reads) readersSince[variable]?.push(place);
    for (const variable of writes) {
      lastWriter[variable] = place;
      readersSince[variable] = [];
    }
  }
  return reduce(before);
}

interface Footprint {
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
}

function footprintOf(task: Task, action: Action): Footprint {
  const reads = new Set<number>();
  const writes = forgottenBy(task, action);
  for (const { variable } of [...action.requires, ...action.excludes]) reads.add(variable);
  for (const { variable } of action.changes) {
    writes.add(variable);
    for (const fact of task.conditions[variable] ?? []) reads.add(fact.variable);
  }
  return { reads, writes };
}

/** Drops the waits that follow from other waits. */
function reduce(before: readonly (readonly number[])[]): number[][] {
  return before.map((waits, place) => {
    const covered = new Set<number>();
    const pending = [...waits];
    const least = waits[0] ?? place;
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const earlier of before[next] ?? []) {
        if (earlier < least || covered.has(earlier)) continue;
        covered.add(earlier);
        pending.push(earlier);
      }
    }
    return waits.filter((candidate) => !covered.has(candidate));
  });
}
