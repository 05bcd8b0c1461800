import type { Budget, SearchResult } from "./budget.ts";
import { Heap } from "./heap.ts";
import { createHubWalk, type HubNode, type HubWalk } from "./hub.ts";
import type { Star } from "./star.ts";
import type { Action, Task } from "./task.ts";

/** A node of the search, or (with `isEnd`) the end of a plan whose cost is known. */
interface Entry {
  readonly node: HubNode;
  /** A lower bound of the cost of any plan that begins like this; for an end the cost of the best such plan. */
  readonly total: number;
  readonly isEnd: boolean;
  readonly order: number;
}

/**
 * Finds a cheapest plan for a star-shaped task without enumerating the combinations of its leaves. It searches the
 * sequences of hub actions alone, with A*, and keeps with each the price that every leaf pays to be in each of its
 * states (Gnad and Hoffmann, Star-Topology Decoupled State Space Search, Artificial Intelligence 257, 2018). Leaves
 * that differ only in their names are computed once.
 *
 * Among sequences that look equally cheap, a complete one comes first, then the one that was made first; leaves move
 * as early as they can without paying more.
 *
 * @param task The task.
 * @param star Its star, from `findStar`.
 * @param budget Its states and memory are used up; memory is given back at the end.
 */
export function* searchStar(task: Task, star: Star, budget: Budget): Generator<void, SearchResult> {
  const walk = createHubWalk(task, star, false);
  yield;
  const open = new Heap<Entry>((a, b) => a.total - b.total || Number(b.isEnd) - Number(a.isEnd) || a.order - b.order);
  let held = 0;
  let made = 0;
  let least = Infinity;

  function consider(node: HubNode): boolean {
    const total = node.cost + walk.estimate(node);
    if (total >= least || !node.site.keep(node, walk)) return true; // no improvement
    if (!budget.takeBytes(walk.bytes)) return false;
    held += walk.bytes;
    open.push({ node, total, isEnd: false, order: made++ });
    return true;
  }

  try {
    if (!consider(walk.start)) return { kind: "bound", bound: "bytes" };
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      const { node, total, isEnd } = entry;
      if (isEnd) return { kind: "found", actions: actionsOf(task, star, walk, node), cost: total };
      if (node.isOutdone || total >= least) continue;
      const end = node.cost + walk.endCost(node);
      if (end < least) {
        least = end;
        open.push({ node, total: end, isEnd: true, order: made++ });
      }
      if (!budget.takeStates(1)) return { kind: "bound", bound: "states" };
      for (const next of walk.after(node)) if (!consider(next)) return { kind: "bound", bound: "bytes" };
      yield;
    }
    return { kind: "exhausted" };
  } finally {
    budget.giveBytes(held);
  }
}

/** The actions of a way: after each action of the hub those of the leaves, in the order of the leaves. */
function actionsOf(task: Task, star: Star, walk: HubWalk, end: HubNode): Action[] {
  const way: HubNode[] = [];
  for (let node: HubNode | undefined = end; node !== undefined; node = node.before) way.push(node);
  way.reverse();
  /** For each node of the way, for each leaf its actions there. */
  const moves = way.map(() => new Array<readonly Action[]>(star.leaves.length).fill([]));
  for (const [number, leafClass] of walk.classes.entries()) {
    for (const [at, places] of walk.leafWay(way, number).entries()) {
      if (places.length === 0) continue;
      for (const { leaf, actions } of leafClass.members) {
        const own = moves[at];
        if (own !== undefined) own[leaf] = places.flatMap((place) => actions[place] ?? []);
      }
    }
  }
  return way.flatMap(({ action }, at) => {
    const moved = action < 0 ? undefined : task.actions[action];
    return [...(moved === undefined ? [] : [moved]), ...(moves[at] ?? []).flat()];
  });
}
