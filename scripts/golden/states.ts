import type { GoldenValues } from "./import.ts";

/** An edge of a graph whose states are told apart by keys. */
export interface StateEdge {
  readonly from: string;
  readonly mutation: string;
  readonly to: string;
  readonly cost: number;
}

/** States, by the values that are known in them, and the edges between them. Each counts once. */
export class StateSet {
  readonly #states = new Map<string, GoldenValues>();
  readonly #edges = new Map<string, StateEdge>();

  /** Adds a state. Returns its key: the same values have the same key. */
  addState(values: GoldenValues): string {
    const ordered = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = ordered.length === 0 ? "nothing known" : ordered.map(([url, value]) => `${url} ${value}`).join(", ");
    this.#states.set(key, values);
    return key;
  }

  addEdge(from: string, mutation: string, to: string, cost = 1): void {
    const name = `${from} -- ${mutation} -> ${to}`;
    const known = this.#edges.get(name);
    if (known === undefined || known.cost > cost) this.#edges.set(name, { from, mutation, to, cost });
  }

  /** By key. */
  get states(): ReadonlyMap<string, GoldenValues> {
    return this.#states;
  }

  /** By a name that tells them apart. */
  get edges(): ReadonlyMap<string, StateEdge> {
    return this.#edges;
  }

  /** Tells whether a variable has a value in some state. */
  hasValue(url: string, value: string): boolean {
    return [...this.#states.values()].some((values) => values[url] === value);
  }

  /** The least cost of coming from a state to each other one; those without a way are left out. */
  distancesFrom(start: string): ReadonlyMap<string, number> {
    const edges = [...this.#edges.values()];
    const open = new Map([[start, 0]]);
    const done = new Map<string, number>();
    while (open.size > 0) {
      const [[state, cost] = [start, 0]] = [...open].sort(([, a], [, b]) => a - b);
      open.delete(state);
      done.set(state, cost);
      for (const edge of edges) {
        if (edge.from !== state || done.has(edge.to) || (open.get(edge.to) ?? Infinity) <= cost + edge.cost) continue;
        open.set(edge.to, cost + edge.cost);
      }
    }
    return done;
  }
}
