import { createNumberGroups } from "./partition.ts";
import type { Fact, Task } from "./task.ts";

/** A task as a star: its leaves interact only through the hub. */
export interface Star {
  /** The variables of the hub, ascending. It includes the variables in their conditions. */
  readonly hub: readonly number[];
  /** The other variables. Each list is ascending, and the lists are ordered by their first variable. */
  readonly leaves: readonly (readonly number[])[];
}

/** The most states that one leaf may have: they are enumerated. */
const MAX_LEAF_STATES = 512;
/** The number of hubs that are compared. */
const MAX_HUBS = 12;
/** A hub of more states than this (as a power of 2) is no better than the whole task. */
const MAX_HUB_BITS = 48;
/** The factor (as a power of 2) by which the star must be smaller than the whole task. */
const LEAST_GAIN = 3;

/**
 * Finds the hub that makes the smallest star of `task`: of the variables that interact with the most others, as many
 * as it takes for the rest to fall apart into small leaves. Undefined if no star is much smaller than the task as a
 * whole.
 */
export function findStar(task: Task): Star | undefined {
  const bits = task.sizes.map((size) => Math.log2(Math.max(1, size)));
  const whole = bits.reduce((sum, each) => sum + each, 0);
  const degrees = degreesOf(task);
  const thresholds = [...new Set(degrees)].sort((a, b) => b - a).slice(0, MAX_HUBS);
  let best: { readonly star: Star; readonly size: number } | undefined;
  for (const threshold of thresholds) {
    const hub = closedHub(task, degrees.flatMap((degree, variable) => (degree >= threshold ? [variable] : [])));
    const hubBits = hub.reduce((sum, variable) => sum + (bits[variable] ?? 0), 0);
    if (hubBits > Math.min(MAX_HUB_BITS, whole - LEAST_GAIN)) break; // hubs only grow
    const star = { hub, leaves: leavesAround(task, hub) };
    const states = star.leaves.map((leaf) => countStates(task, leaf));
    if (states.some((count) => count > MAX_LEAF_STATES)) continue;
    const size = hubBits + Math.log2(1 + states.reduce((sum, count) => sum + count, 0));
    if (size + LEAST_GAIN <= whole && (best === undefined || size < best.size)) best = { star, size };
  }
  return best?.star;
}

/** Counts the states that `variables` of `task` have together. */
export function countStates(task: Task, variables: readonly number[]): number {
  return variables.reduce((product, variable) => product * (task.sizes[variable] ?? 1), 1);
}

/** For each variable the number of others that an action or a condition names together with it. */
function degreesOf(task: Task): number[] {
  const neighbours: Set<number>[] = task.sizes.map(() => new Set());
  const join = (a: number, b: number) => {
    if (a === b) return;
    neighbours[a]?.add(b);
    neighbours[b]?.add(a);
  };
  for (const { changes, requires, excludes } of task.actions) {
    for (const [place, { variable }] of changes.entries()) {
      for (const fact of requires) join(variable, fact.variable);
      for (const fact of excludes) join(variable, fact.variable);
      for (let other = 0; other < place; other++) join(variable, changes[other]?.variable ?? variable);
    }
  }
  for (const [variable, facts] of task.conditions.entries()) {
    for (const fact of facts) join(variable, fact.variable);
  }
  return neighbours.map(({ size }) => size);
}

/**
 * Adds to `variables` of `task` whatever their conditions name, so that nothing outside the hub can make unknown what
 * is in it.
 */
export function closedHub(task: Task, variables: readonly number[]): number[] {
  const hub = new Set(variables);
  for (const variable of hub) { // grows while it is read
    for (const fact of task.conditions[variable] ?? []) hub.add(fact.variable);
  }
  return [...hub].sort((a, b) => a - b);
}

/**
 * Groups the variables of `task` outside `hub` so that nothing joins two groups: neither a condition nor an action
 * that leaves the hub unchanged. The hub is closed: see {@link closedHub}.
 */
export function leavesAround(task: Task, hub: readonly number[]): number[][] {
  const isHub = new Uint8Array(task.sizes.length);
  for (const variable of hub) isHub[variable] = 1;
  const { leader, join } = createNumberGroups(task.sizes.length);
  function joinAll(first: number, facts: readonly Pick<Fact, "variable">[]): void {
    for (const { variable } of facts) if (isHub[variable] !== 1) join(first, variable);
  }
  for (const { changes, requires, excludes } of task.actions) {
    const first = changes[0]?.variable;
    if (first === undefined || changes.some(({ variable }) => isHub[variable] === 1)) continue;
    joinAll(first, changes);
    joinAll(first, requires);
    joinAll(first, excludes);
  }
  for (const [variable, facts] of task.conditions.entries()) if (isHub[variable] !== 1) joinAll(variable, facts);
  const leaves = new Map<number, number[]>();
  for (let variable = 0; variable < task.sizes.length; variable++) {
    if (isHub[variable] === 1) continue;
    const top = leader(variable);
    const leaf = leaves.get(top);
    if (leaf === undefined) leaves.set(top, [variable]);
    else leaf.push(variable);
  }
  return [...leaves.values()];
}
