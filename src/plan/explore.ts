import type { Budget } from "./budget.ts";
import { applyEffects } from "./effects.ts";
import { createHubWalk, type HubNode } from "./hub.ts";
import { createReached, type Reached } from "./reach.ts";
import { createApplicable } from "./search.ts";
import { findStar, type Star } from "./star.ts";
import { keyOf, type Task, type TaskState } from "./task.ts";

/**
 * Visits every state of a task that can be reached. Combinations of the leaves of a star are left out.
 *
 * @param task The task.
 * @param budget Its states and memory are used up.
 * @returns Every value that some variable has in one of the states; undefined if the budget ran out first.
 */
export function* explore(task: Task, budget: Budget): Generator<void, Reached | undefined> {
  const star = findStar(task);
  return yield* star === undefined ? exploreStates(task, budget) : exploreStar(task, star, budget);
}

function* exploreStates(task: Task, budget: Budget): Generator<void, Reached | undefined> {
  const applicable = createApplicable(task);
  const reached = createReached(task.sizes);
  const seen = new Set([keyOf(task.initial)]);
  const pending: TaskState[] = [task.initial];
  const bytes = 9 * task.sizes.length + 100;
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    if (!budget.takeStates(1)) return undefined;
    for (const [variable, value] of state.entries()) reached.add(variable, value);
    for (const action of applicable(state)) {
      const after = applyEffects(task, action, state);
      const key = keyOf(after);
      if (seen.has(key)) continue;
      if (!budget.takeBytes(bytes)) return undefined;
      seen.add(key);
      pending.push(after);
    }
    yield;
  }
  budget.giveBytes((seen.size - 1) * bytes);
  return reached;
}

/**
 * Does what {@link explore} does for the star `star` of `task`, within `budget`. Prices of zero mark the states that
 * leaves can reach.
 */
export function* exploreStar(task: Task, star: Star, budget: Budget): Generator<void, Reached | undefined> {
  const walk = createHubWalk({ ...task, goals: [] }, star, true);
  const reached = createReached(task.sizes);
  const pending: HubNode[] = [];
  let held = 0;

  function consider(node: HubNode): boolean {
    if (!node.site.keep(node, walk)) return true;
    if (!budget.takeBytes(walk.bytes)) return false;
    held += walk.bytes;
    pending.push(node);
    return true;
  }

  function take({ site, prices }: HubNode): void {
    for (const [at, variable] of star.hub.entries()) reached.add(variable, site.values[at] ?? 0);
    let place = 0;
    for (const { members, values } of walk.classes) {
      for (const now of values) {
        if (prices[place++] === Infinity) continue;
        for (const { variables } of members) {
          for (const [at, variable] of variables.entries()) reached.add(variable, now[at] ?? 0);
        }
      }
    }
  }

  if (!consider(walk.start)) return undefined;
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.isOutdone) continue;
    if (!budget.takeStates(1)) return undefined;
    take(node);
    for (const next of walk.after(node)) if (!consider(next)) return undefined;
    yield;
  }
  budget.giveBytes(held);
  return reached;
}
