import { applyEffects, isApplicable } from "./effects.ts";
import { createHeuristic } from "./heuristic.ts";
import { classesOf, type LeafClass, offsetsOfClasses, settled } from "./leaf.ts";
import { boundOfLeaf, type LeafBound } from "./leaf_bound.ts";
import { restrict } from "./partition.ts";
import type { Star } from "./star.ts";
import { type Fact, keyOf, type Task, type TaskState } from "./task.ts";
import { createTransitionGraphs } from "./transition_graph.ts";

/** A sequence of hub actions, with the prices that the leaves pay along it. */
export interface HubNode {
  readonly site: HubSite;
  /** The cost of the actions that change the hub. */
  readonly cost: number;
  /** For each state of each class of leaves the least that one leaf pays to be in it now. */
  readonly prices: Float64Array;
  /** The action that led here, by its place in the task; -1 at the start. */
  readonly action: number;
  readonly before: HubNode | undefined;
  /** True once another sequence is known that is nowhere more expensive. */
  isOutdone: boolean;
}

/** A move that leaves can make while the hub is as it is. */
interface OpenMove {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
  readonly action: number;
}

/** Everything about one state of the hub that does not depend on how it was reached. */
export class HubSite {
  readonly values: TaskState;
  /** For each class of leaves the moves that it can make here. */
  readonly moves: readonly (readonly OpenMove[])[];
  /** For each class the state that each of its states becomes here; undefined where all stay as they are. */
  readonly settled: readonly (Int32Array | undefined)[];
  readonly #kept: HubNode[] = [];

  constructor(values: TaskState, classes: readonly LeafClass[]) {
    this.values = values;
    const holds = ({ variable, value }: Fact) => values[variable] === value;
    const isOpen = ({ requires, excludes }: LeafClass["moves"][number]) =>
      requires.every(holds) && !excludes.some(holds);
    const becomes = classes.map((leaf) =>
      leaf.conditions.every(({ hub, own }) => own.length === 0 && hub.every(holds)) ? undefined : settled(leaf, holds)
    );
    this.settled = becomes;
    this.moves = classes.map((leaf, at) =>
      leaf.moves.filter(isOpen).flatMap(({ from, to, cost, action }) => {
        const end = becomes[at]?.[to] ?? to;
        return end === from ? [] : [{ from, to: end, cost, action }];
      })
    );
  }

  /** Keeps a node unless one is kept that is nowhere dearer. @returns Whether it was kept. */
  keep(node: HubNode, walk: Pick<HubWalk, "isNowhereDearer">): boolean {
    for (const other of this.#kept) if (walk.isNowhereDearer(other, node)) return false;
    let left = 0;
    for (const other of this.#kept) {
      if (walk.isNowhereDearer(node, other)) other.isOutdone = true;
      else this.#kept[left++] = other;
    }
    this.#kept.length = left;
    this.#kept.push(node);
    return true;
  }
}

/** The walk over the sequences of hub actions of a star. */
export interface HubWalk {
  readonly classes: readonly LeafClass[];
  readonly start: HubNode;
  /** The memory of a node in bytes, roughly. */
  readonly bytes: number;
  /** Each node that one more action of the hub leads to, in the order of the task's actions. */
  after(node: HubNode): HubNode[];
  /** A lower bound of the cost that is left, the leaves' prices included; Infinity if the goals cannot be reached. */
  estimate(node: HubNode): number;
  /** The cost of the leaves if the hub stays as it is; Infinity if the goals cannot be reached like that. */
  endCost(node: HubNode): number;
  /** Tells whether `other` can replace `node` at the start of every plan without loss. Both have the same site. */
  isNowhereDearer(other: HubNode, node: HubNode): boolean;
  /** For each node of a way the places of the actions by which a class of leaves reaches its goals along it. */
  leafWay(way: readonly HubNode[], leafClass: number): number[][];
}

/**
 * Makes the walk over the sequences of hub actions of a star.
 *
 * @param task The task.
 * @param star Its star.
 * @param isFree Whether all actions are free, so that prices tell only which states can be reached.
 */
export function createHubWalk(task: Task, star: Star, isFree: boolean): HubWalk {
  const places = hubActions(task, star);
  const ownActions = places.flatMap((at) => task.actions[at] ?? []);
  const hubTask = restrict(task, star.hub, ownActions);
  const classes = classesOf(task, star);
  const offsets = offsetsOfClasses(classes);
  const total = offsets[classes.length] ?? 0;
  const counts = classes.map(({ members }) => members.length);
  const effects = classes.map((leaf) => new Map(leaf.effects.map(({ action, next }) => [action, next])));
  const costOf = (cost: number) => (isFree ? 0 : cost);
  const bounds = classes.map(boundOfLeaf);
  const ends = endFacts(hubTask, bounds);
  const estimateHub = ends === undefined || isFree
    ? undefined
    : createHeuristic({ ...hubTask, goals: ends }, createTransitionGraphs(hubTask));
  const sites = new Map<string, HubSite>();

  function siteOf(values: TaskState): HubSite {
    const key = keyOf(values);
    let site = sites.get(key);
    if (site === undefined) sites.set(key, site = new HubSite(values, classes));
    return site;
  }

  /** Lets each leaf move as far as it can: prices become the least there are. */
  function relax(prices: Float64Array, { moves }: HubSite): void {
    for (const [number, open] of moves.entries()) {
      const first = offsets[number] ?? 0;
      for (let again = open.length > 0; again;) {
        again = false;
        for (const { from, to, cost } of open) {
          const price = (prices[first + from] ?? Infinity) + costOf(cost);
          if (price >= (prices[first + to] ?? 0)) continue;
          prices[first + to] = price;
          again = true;
        }
      }
    }
  }

  /** The prices of the leaves after an action has changed the hub, before they move. */
  function carry(prices: Float64Array, action: number, site: HubSite): Float64Array {
    const after = new Float64Array(total).fill(Infinity);
    for (const [number, { states }] of classes.entries()) {
      const first = offsets[number] ?? 0;
      const next = effects[number]?.get(action);
      const becomes = site.settled[number];
      for (let state = 0; state < states; state++) {
        const to = nextState(state, next, becomes);
        const price = prices[first + state] ?? Infinity;
        if (to >= 0 && price < (after[first + to] ?? 0)) after[first + to] = price;
      }
    }
    return after;
  }

  function isDead(prices: Float64Array): boolean {
    return classes.some(({ states }, number) => {
      const first = offsets[number] ?? 0;
      for (let state = 0; state < states; state++) if (prices[first + state] !== Infinity) return false;
      return true;
    });
  }

  function startNode(): HubNode {
    const site = siteOf(hubTask.initial);
    const prices = new Float64Array(total).fill(Infinity);
    for (const [number, { initial }] of classes.entries()) prices[(offsets[number] ?? 0) + initial] = 0;
    relax(prices, site);
    return { site, cost: 0, prices, action: -1, before: undefined, isOutdone: false };
  }

  return {
    classes,
    start: startNode(),
    bytes: 8 * total + 8 * star.hub.length + 256,
    after(node) {
      const nodes: HubNode[] = [];
      for (const [at, action] of hubTask.actions.entries()) {
        if (!isApplicable(action, node.site.values)) continue;
        const site = siteOf(applyEffects(hubTask, action, node.site.values));
        const place = places[at] ?? -1;
        const prices = carry(node.prices, place, site);
        if (isDead(prices)) continue;
        relax(prices, site);
        nodes.push({
          site,
          cost: node.cost + costOf(action.cost),
          prices,
          action: place,
          before: node,
          isOutdone: false,
        });
      }
      return nodes;
    },
    estimate({ site, prices }) {
      if (isFree) return 0;
      if (estimateHub === undefined) return Infinity;
      let sum = 0;
      const also: Fact[] = [];
      for (const [number, bound] of bounds.entries()) {
        const first = offsets[number] ?? 0;
        sum += (counts[number] ?? 0) * bound.least(prices, first);
        also.push(...bound.needs(prices, first));
      }
      return sum === Infinity ? Infinity : sum + estimateHub(site.values, also);
    },
    endCost({ site, prices }) {
      if (!hubTask.goals.every(({ variable, value }) => site.values[variable] === value)) return Infinity;
      let sum = 0;
      for (const [number, { isGoal }] of classes.entries()) {
        let least = Infinity;
        for (const [state, is] of isGoal.entries()) {
          if (is === 1) least = Math.min(least, prices[(offsets[number] ?? 0) + state] ?? Infinity);
        }
        sum += (counts[number] ?? 0) * least;
      }
      return sum;
    },
    isNowhereDearer(other, node) {
      let more = other.cost - node.cost;
      for (const [number, { states }] of classes.entries()) {
        const first = offsets[number] ?? 0;
        let worst = -Infinity;
        for (let state = first; state < first + states; state++) {
          const price = node.prices[state] ?? Infinity;
          if (price !== Infinity) worst = Math.max(worst, (other.prices[state] ?? Infinity) - price);
        }
        more += (counts[number] ?? 0) * worst;
      }
      return more <= 0;
    },
    leafWay(way, number) {
      const first = offsets[number] ?? 0;
      const ways: number[][] = way.map(() => []);
      const last = way.at(-1);
      let state = leastGoal(classes[number], last?.prices, first);
      for (let at = way.length - 1; at >= 0; at--) {
        const node = way[at];
        if (node === undefined) break;
        const { prices, site, action, before } = node;
        const arrived = before === undefined ? undefined : carry(before.prices, action, site);
        const isHere = () =>
          arrived === undefined ? state === classes[number]?.initial : arrived[first + state] === prices[first + state];
        while (!isHere()) {
          const move = site.moves[number]?.find(({ from, to, cost }) =>
            to === state && (prices[first + from] ?? Infinity) + cost === prices[first + state]
          );
          if (move === undefined) throw new Error("Cannot follow a leaf back: expected a move that leads to its state");
          ways[at]?.unshift(move.action);
          state = move.from;
        }
        if (before === undefined) break;
        const next = effects[number]?.get(action);
        const here = state;
        state = indexWhere(
          classes[number]?.states ?? 0,
          (earlier) =>
            nextState(earlier, next, site.settled[number]) === here &&
            before.prices[first + earlier] === prices[first + here],
        );
      }
      return ways;
    },
  };
}

/** The state of a leaf after an action of the hub; -1 where that can't run. */
function nextState(state: number, next: Int32Array | undefined, becomes: Int32Array | undefined): number {
  const to = next === undefined ? state : next[state] ?? -1;
  return to < 0 || becomes === undefined ? to : becomes[to] ?? -1;
}

function leastGoal(leaf: LeafClass | undefined, prices: Float64Array | undefined, first: number): number {
  let best = -1;
  for (const [state, is] of leaf?.isGoal.entries() ?? []) {
    if (is !== 1) continue;
    if (best < 0 || (prices?.[first + state] ?? Infinity) < (prices?.[first + best] ?? Infinity)) best = state;
  }
  return best;
}

function indexWhere(count: number, is: (index: number) => boolean): number {
  for (let index = 0; index < count; index++) if (is(index)) return index;
  throw new Error("Cannot follow a leaf back: expected a state before the hub's action");
}

/** The places of the actions that change the hub. */
function hubActions(task: Task, { hub }: Star): number[] {
  const isHub = new Set(hub);
  return task.actions.flatMap(({ changes }, at) => (changes.some(({ variable }) => isHub.has(variable)) ? [at] : []));
}

/** The goals of the hub, its own and what the leaves' goals need to be known; undefined where these exclude each other. */
function endFacts(hubTask: Task, bounds: readonly LeafBound[]): Fact[] | undefined {
  const ends = new Map(hubTask.goals.map((goal) => [goal.variable, goal]));
  for (const fact of bounds.flatMap(({ ends }) => ends)) {
    const known = ends.get(fact.variable);
    if (known !== undefined && known.value !== fact.value) return undefined;
    ends.set(fact.variable, fact);
  }
  return [...ends.values()];
}
