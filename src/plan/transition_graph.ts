import { Heap } from "./heap.ts";
import type { Action, Fact, Task } from "./task.ts";

/** A need of every way of a variable to a value, at some moment. */
export interface TransitionNeed extends Fact {
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

/** The moves of one variable, seen on its own. All answers are lower bounds, and are remembered. */
export class TransitionGraph {
  readonly #variable: number;
  readonly #size: number;
  readonly #condition: readonly Fact[];
  readonly #edges: readonly Edge[];
  readonly #incoming: readonly (readonly Edge[] | undefined)[];
  readonly #outgoing: readonly (readonly Edge[] | undefined)[];
  readonly #distances: (readonly number[])[] = [];
  readonly #needs: (readonly TransitionNeed[])[] = [];
  #candidates: readonly Omit<TransitionNeed, "unavoidable">[] | undefined;

  /** `edges` are all ways of the variable to move by an action. */
  constructor(task: Task, variable: number, edges: readonly Edge[]) {
    this.#variable = variable;
    this.#size = task.sizes[variable] ?? 0;
    this.#condition = task.conditions[variable] ?? [];
    this.#edges = edges;
    this.#incoming = byValue(this.#size, edges, "to");
    this.#outgoing = byValue(this.#size, edges, "from");
  }

  get #isForgettable(): boolean {
    return this.#condition.length > 0;
  }

  /** For each value the least cost from there to `goal`; Infinity where there is no way. */
  distancesTo(goal: number): readonly number[] {
    return this.#distances[goal] ??= this.#measure(goal);
  }

  /** Dijkstra's algorithm, backwards from the goal. */
  #measure(goal: number): number[] {
    const found = new Array<number>(this.#size).fill(Infinity);
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
      for (const edge of this.#incoming[value] ?? []) reach(edge.from, cost + edge.share);
      if (value === 0 && this.#isForgettable) { for (let other = 1; other < this.#size; other++) reach(other, cost); }
    }
    return found;
  }

  /** The first action of a cheapest way from a value to another one; undefined where that begins with being forgotten. */
  nextOn(from: number, goal: number): Action | undefined {
    const distance = this.distancesTo(goal);
    return this.#outgoing[from]?.find(({ to, share }) => share + (distance[to] ?? Infinity) === distance[from])?.action;
  }

  /** Lists the needs of the ways to a value in other variables. */
  needsOf(goal: number): readonly TransitionNeed[] {
    return this.#needs[goal] ??= this.#findNeeds(goal);
  }

  #findNeeds(goal: number): TransitionNeed[] {
    const found: TransitionNeed[] = [];
    if (goal !== 0) {
      const always = new Uint8Array(this.#size).fill(1);
      for (const fact of this.#condition) found.push({ ...fact, holds: true, unavoidable: always });
    }
    this.#candidates ??= this.#findCandidates();
    for (const candidate of this.#candidates) {
      const unavoidable = this.#withoutWay(goal, candidate);
      if (unavoidable.includes(1)) found.push({ ...candidate, unavoidable });
    }
    return found;
  }

  /** Everything that some edge needs of other variables. */
  #findCandidates(): Omit<TransitionNeed, "unavoidable">[] {
    const all: Omit<TransitionNeed, "unavoidable">[] = [];
    const add = ({ variable, value }: Fact, holds: boolean) => {
      if (variable === this.#variable) return;
      const isKnown = all.some((need) => need.variable === variable && need.value === value && need.holds === holds);
      if (!isKnown) all.push({ variable, value, holds });
    };
    for (const { action } of this.#edges) {
      for (const fact of action.requires) add(fact, true);
      for (const fact of action.excludes) add(fact, false);
      for (const change of action.changes) add({ variable: change.variable, value: change.from }, true);
    }
    return all;
  }

  /** The values with a way to `goal`, but none over edges that do without the candidate. */
  #withoutWay(goal: number, candidate: Omit<TransitionNeed, "unavoidable">): Uint8Array {
    const distance = this.distancesTo(goal);
    const without = new Uint8Array(this.#size);
    for (let value = 0; value < this.#size; value++) without[value] = distance[value] === Infinity ? 0 : 1;
    without[goal] = 0;
    const pending = [goal];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      const before = (this.#incoming[value] ?? []).filter((edge) => !needsFact(edge.action, candidate)).map((
        { from },
      ) => from);
      if (value === 0 && this.#isForgettable) { for (let other = 1; other < this.#size; other++) before.push(other); }
      for (const other of before) {
        if (without[other] !== 1) continue;
        without[other] = 0;
        pending.push(other);
      }
    }
    return without;
  }

  /** The least cost of coming to a value from any other one. */
  costOfEntering(value: number): number {
    if (value === 0 && this.#isForgettable) return 0;
    return (this.#incoming[value] ?? []).reduce((least, { share }) => Math.min(least, share), Infinity);
  }

  /** The least cost of leaving a value, for `goal` or (undefined) for anywhere. */
  costOfLeaving(value: number, goal: number | undefined): number {
    const after = (next: number) => (goal === undefined ? 0 : this.distancesTo(goal)[next] ?? Infinity);
    let least = this.#isForgettable && value !== 0 ? after(0) : Infinity;
    for (const edge of this.#outgoing[value] ?? []) {
      if (edge.to !== value) least = Math.min(least, edge.share + after(edge.to));
    }
    return least;
  }
}

/** Edges by the value that they lead to or from. */
function byValue(size: number, edges: readonly Edge[], end: "from" | "to"): (readonly Edge[] | undefined)[] {
  const lists = new Array<Edge[] | undefined>(size).fill(undefined);
  for (const edge of edges) {
    const list = lists[edge[end]];
    if (list === undefined) lists[edge[end]] = [edge];
    else list.push(edge);
  }
  return lists;
}

/**
 * Makes the transition graphs of the variables of `task`. The cost of an action that changes several variables is
 * shared out among them in equal parts (whole numbers), so that the distances of different variables may be added up.
 * Becoming unknown is free: the action that causes it pays.
 */
export function createTransitionGraphs(task: Task): TransitionGraph[] {
  const edges: Edge[][] = task.sizes.map(() => []);
  for (const action of task.actions) {
    for (const [place, { variable, from, to }] of action.changes.entries()) {
      edges[variable]?.push({ from, to, share: shareOf(action, place), action });
    }
  }
  return edges.map((own, variable) => new TransitionGraph(task, variable, own));
}

/** The part of an action's cost that is borne by the variable that it changes in this place. */
function shareOf({ cost, changes }: Action, place: number): number {
  return Math.floor(cost / changes.length) + (place < cost % changes.length ? 1 : 0);
}

function needsFact(action: Action, { variable, value, holds }: Omit<TransitionNeed, "unavoidable">): boolean {
  const same = (fact: Fact) => fact.variable === variable && fact.value === value;
  if (!holds) return action.excludes.some(same);
  return action.requires.some(same) ||
    action.changes.some((change) => change.variable === variable && change.from === value);
}
