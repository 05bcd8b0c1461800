import type { LeafClass } from "./leaf.ts";
import type { Fact } from "./task.ts";

/** Lower bounds of what a leaf pays on its way to its goals, whatever the hub does. Prices begin at `first`. */
export interface LeafBound {
  /** The least that it pays in all, given the price of each of its states now. */
  least(prices: Float64Array, first: number): number;
  /** Facts of the hub that it can't do without, now or later. */
  needs(prices: Float64Array, first: number): readonly Fact[];
  /** Facts of the hub without which its goals can't be known: they hold at the end. */
  readonly ends: readonly Fact[];
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
  readonly requires: readonly Fact[];
}

/** Computes the bounds of the class of leaves `leaf`. */
export function boundOfLeaf(leaf: LeafClass): LeafBound {
  const edges = edgesOf(leaf);
  const distances = distancesToGoal(leaf, edges);
  const needs = factsOf(leaf).flatMap((fact) => {
    const without = distancesToGoal(
      leaf,
      edges.filter(({ requires }) => !requires.some((other) => isSame(fact, other))),
    );
    const unavoidable = Uint8Array.from(
      distances,
      (distance, state) => distance !== Infinity && without[state] === Infinity ? 1 : 0,
    );
    return unavoidable.includes(1) ? [{ fact, unavoidable }] : [];
  });
  return {
    least(prices, first) {
      let least = Infinity;
      for (const [state, distance] of distances.entries()) {
        least = Math.min(least, (prices[first + state] ?? Infinity) + distance);
      }
      return least;
    },
    needs(prices, first) {
      return needs.flatMap(({ fact, unavoidable }) => {
        for (const [state, distance] of distances.entries()) {
          const isPossible = prices[first + state] !== Infinity && distance !== Infinity;
          if (isPossible && unavoidable[state] !== 1) return [];
        }
        return [fact];
      });
    },
    ends: endsOf(leaf),
  };
}

/** Lists all moves of a leaf, whatever the hub does. Changes by the hub are free, and so is becoming unknown. */
function edgesOf(leaf: LeafClass): Edge[] {
  const edges: Edge[] = leaf.moves.map(({ from, to, cost, requires }) => ({ from, to, cost, requires }));
  for (const { next } of leaf.effects) {
    for (const [from, to] of next.entries()) {
      if (to >= 0 && to !== from) edges.push({ from, to, cost: 0, requires: [] });
    }
  }
  let weight = 1;
  for (const [at, { hub, own }] of leaf.conditions.entries()) {
    if (hub.length + own.length > 0) {
      for (const [from, values] of leaf.values.entries()) {
        const to = from - (values[at] ?? 0) * weight;
        if (to !== from) edges.push({ from, to, cost: 0, requires: [] });
      }
    }
    weight *= leaf.sizes[at] ?? 1;
  }
  return edges;
}

/** For each state the least cost from there to the goals (Bellman and Ford); Infinity where there is no way. */
function distancesToGoal({ states, isGoal }: LeafClass, edges: readonly Edge[]): Float64Array {
  const distances = new Float64Array(states);
  for (let state = 0; state < states; state++) distances[state] = isGoal[state] === 1 ? 0 : Infinity;
  for (let again = true; again;) {
    again = false;
    for (const { from, to, cost } of edges) {
      const distance = (distances[to] ?? Infinity) + cost;
      if (distance >= (distances[from] ?? 0)) continue;
      distances[from] = distance;
      again = true;
    }
  }
  return distances;
}

function isSame(a: Fact, b: Fact): boolean {
  return a.variable === b.variable && a.value === b.value;
}

/** The facts of the hub that some move requires. */
function factsOf({ moves }: LeafClass): Fact[] {
  const facts: Fact[] = [];
  for (const fact of moves.flatMap(({ requires }) => requires)) {
    if (!facts.some((other) => isSame(fact, other))) facts.push(fact);
  }
  return facts;
}

function endsOf({ conditions, isGoal, values }: LeafClass): Fact[] {
  return conditions.flatMap(({ hub }, at) =>
    values.every((now, state) => isGoal[state] !== 1 || now[at] !== 0) ? hub : []
  );
}
