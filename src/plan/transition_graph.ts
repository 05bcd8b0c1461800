import { Heap } from "./heap.ts";
import type { Action, Fact, Task } from "./task.ts";

/** Something that every way of a variable to a value needs at some moment. */
export interface Need extends Fact {
  /** True: the fact must hold; false: it must not. */
  readonly holds: boolean;
  /** For each value that the variable may have now: 1 when no way from there does without it. */
  readonly unavoidable: Uint8Array;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  /** The share of the action's cost that this variable bears. */
  readonly share: number;
  readonly action: Action;
}

/** How one variable can move, seen on its own. All answers are lower bounds, and are remembered. */
export interface TransitionGraph {
  /** For each value the least cost from there to `goal`; Infinity where there is no way. */
  distancesTo(goal: number): Float64Array;
  /** The first action of a cheapest way from a value to another one; undefined where that begins with being forgotten. */
  nextOn(from: number, goal: number): Action | undefined;
  /** What the ways to a value need of other variables. */
  needsOf(goal: number): readonly Need[];
  /** The least cost of coming to a value from any other one. */
  costOfEntering(value: number): number;
  /** The least cost of leaving a value, for `goal` or (undefined) for anywhere. */
  costOfLeaving(value: number, goal: number | undefined): number;
}

/**
 * The transition graphs of the variables of a task. An action that changes several variables is shared out among them in
 * equal parts (whole numbers), so that the distances of different variables may be added up. Being forgotten is free: whoever causes it
 * pays.
 */
export function createTransitionGraphs(task: Task): TransitionGraph[] {
  const edges: Edge[][] = task.sizes.map(() => []);
  for (const action of task.actions) {
    for (const [place, { variable, from, to }] of action.changes.entries()) {
      edges[variable]?.push({ from, to, share: shareOf(action, place), action });
    }
  }
  return edges.map((own, variable) => createTransitionGraph(task, variable, own));
}

function createTransitionGraph(task: Task, variable: number, edges: readonly Edge[]): TransitionGraph {
  const size = task.sizes[variable] ?? 0;
  const condition = task.conditions[variable] ?? [];
  const incoming: Edge[][] = Array.from({ length: size }, () => []);
  const outgoing: Edge[][] = Array.from({ length: size }, () => []);
  for (const edge of edges) {
    incoming[edge.to]?.push(edge);
    outgoing[edge.from]?.push(edge);
  }
  const isForgettable = condition.length > 0;
  const distances = new Map<number, Float64Array>();
  const needs = new Map<number, readonly Need[]>();
  let candidates: readonly Omit<Need, "unavoidable">[] | undefined;

  function distancesTo(goal: number): Float64Array {
    const known = distances.get(goal) ?? measure(goal);
    distances.set(goal, known);
    return known;
  }

  /** Dijkstra's algorithm, backwards from the goal. */
  function measure(goal: number): Float64Array {
    const found = new Float64Array(size).fill(Infinity);
    const open = new Heap<{ readonly value: number; readonly cost: number }>((a, b) => a.cost - b.cost);
    function reach(value: number, cost: number): void {
      if (cost >= (found[value] ?? 0)) return;
      found[value] = cost;
      open.push({ value, cost });
    }
    reach(goal, 0);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { value, cost } = next;
      if (cost !== found[value]) continue; // a cheaper way to it was found since
      for (const edge of incoming[value] ?? []) reach(edge.from, cost + edge.share);
      if (value === 0 && isForgettable) { for (let other = 1; other < size; other++) reach(other, cost); }
    }
    return found;
  }

  function nextOn(from: number, goal: number): Action | undefined {
    const distance = distancesTo(goal);
    return outgoing[from]?.find(({ to, share }) => share + (distance[to] ?? Infinity) === distance[from])?.action;
  }

  function needsOf(goal: number): readonly Need[] {
    const known = needs.get(goal) ?? findNeeds(goal);
    needs.set(goal, known);
    return known;
  }

  function findNeeds(goal: number): Need[] {
    const found: Need[] = [];
    if (goal !== 0) {
      const always = new Uint8Array(size).fill(1);
      for (const fact of condition) found.push({ ...fact, holds: true, unavoidable: always });
    }
    candidates ??= findCandidates();
    for (const candidate of candidates) {
      const unavoidable = withoutWay(goal, candidate);
      if (unavoidable.includes(1)) found.push({ ...candidate, unavoidable });
    }
    return found;
  }

  /** Everything that some edge needs of other variables. */
  function findCandidates(): Omit<Need, "unavoidable">[] {
    const all = new Map<string, Omit<Need, "unavoidable">>();
    const add = (fact: Fact, holds: boolean) => {
      if (fact.variable !== variable) all.set(`${fact.variable} ${fact.value} ${holds}`, { ...fact, holds });
    };
    for (const { action } of edges) {
      for (const fact of action.requires) add(fact, true);
      for (const fact of action.excludes) add(fact, false);
      for (const change of action.changes) add({ variable: change.variable, value: change.from }, true);
    }
    return [...all.values()];
  }

  /** The values with a way to `goal`, but none over edges that do without the candidate. */
  function withoutWay(goal: number, candidate: Omit<Need, "unavoidable">): Uint8Array {
    const distance = distancesTo(goal);
    const without = new Uint8Array(size);
    for (let value = 0; value < size; value++) without[value] = distance[value] === Infinity ? 0 : 1;
    without[goal] = 0;
    const pending = [goal];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      const before = (incoming[value] ?? []).filter((edge) => !needsFact(edge.action, candidate)).map(({ from }) =>
        from
      );
      if (value === 0 && isForgettable) { for (let other = 1; other < size; other++) before.push(other); }
      for (const other of before) {
        if (without[other] !== 1) continue;
        without[other] = 0;
        pending.push(other);
      }
    }
    return without;
  }

  function costOfEntering(value: number): number {
    if (value === 0 && isForgettable) return 0;
    return (incoming[value] ?? []).reduce((least, { share }) => Math.min(least, share), Infinity);
  }

  function costOfLeaving(value: number, goal: number | undefined): number {
    const after = (next: number) => (goal === undefined ? 0 : distancesTo(goal)[next] ?? Infinity);
    let least = isForgettable && value !== 0 ? after(0) : Infinity;
    for (const edge of outgoing[value] ?? []) {
      if (edge.to !== value) least = Math.min(least, edge.share + after(edge.to));
    }
    return least;
  }

  return { distancesTo, nextOn, needsOf, costOfEntering, costOfLeaving };
}

/** The part of an action's cost that is borne by the variable that it changes in this place. */
function shareOf({ cost, changes }: Action, place: number): number {
  return Math.floor(cost / changes.length) + (place < cost % changes.length ? 1 : 0);
}

function needsFact(action: Action, { variable, value, holds }: Omit<Need, "unavoidable">): boolean {
  const same = (fact: Fact) => fact.variable === variable && fact.value === value;
  if (!holds) return action.excludes.some(same);
  return action.requires.some(same) ||
    action.changes.some((change) => change.variable === variable && change.from === value);
}
