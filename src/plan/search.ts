import { apply, isApplicable } from "./effects.ts";
import { Heap } from "./heap.ts";
import { constructPlan } from "./construct.ts";
import { createHeuristic } from "./heuristic.ts";
import { createReached, type Reached } from "./reach.ts";
import type { Action, State, Task } from "./task.ts";
import { createTransitionGraphs } from "./transition_graph.ts";

/** How many more states may be expanded. Shared by the searches of one question. */
export interface Budget {
  left: number;
}

/** What a search came to. */
export type SearchResult =
  | { readonly kind: "found"; readonly actions: readonly Action[]; readonly cost: number }
  /** There is no way. */
  | { readonly kind: "exhausted" }
  /** The budget ran out first. */
  | { readonly kind: "bound" };

interface Node {
  readonly state: State;
  readonly key: string;
  readonly cost: number;
  readonly estimate: number;
  /** Number in the order of making. */
  readonly order: number;
  readonly way: Way | undefined;
}

interface Way {
  readonly action: Action;
  readonly before: Way | undefined;
}

/**
 * Finds a cheapest way to the goals of a task. The one that is put together without search is taken if the heuristic
 * proves that none is cheaper. Otherwise it is searched for with A*: of states that look equally cheap the one nearest to
 * the goals is taken first, then the one that was made first; actions are tried in the order of the task. A state comes
 * back when a cheaper way to it turns up, so the heuristic need not be consistent.
 */
export function search(task: Task, budget: Budget): SearchResult {
  const graphs = createTransitionGraphs(task);
  const heuristic = createHeuristic(task, graphs);
  const constructed = constructPlan(task, graphs);
  if (constructed !== undefined) {
    const cost = constructed.reduce((sum, action) => sum + action.cost, 0);
    // No plan costs less than the heuristic says.
    if (cost === heuristic(task.initial) && constructed.length <= budget.left) {
      budget.left -= constructed.length;
      return { kind: "found", actions: constructed, cost };
    }
  }
  const applicable = createApplicable(task);
  const cheapest = new Map<string, number>();
  const open = new Heap<Node>((a, b) =>
    a.cost + a.estimate - b.cost - b.estimate || a.estimate - b.estimate || a.order - b.order
  );
  let made = 0;

  function consider(state: State, cost: number, way: Way | undefined): void {
    const key = keyOf(state);
    const known = cheapest.get(key);
    if (known !== undefined && known <= cost) return;
    const estimate = heuristic(state);
    if (estimate === Infinity) return;
    cheapest.set(key, cost);
    open.push({ state, key, cost, estimate, order: made++, way });
  }

  consider(task.initial, 0, undefined);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (cheapest.get(node.key) !== node.cost) continue; // a cheaper way to it was found since
    const { state, cost, way } = node;
    if (task.goals.every(({ variable, value }) => state[variable] === value)) {
      return { kind: "found", actions: actionsOf(way), cost };
    }
    if (budget.left-- <= 0) return { kind: "bound" };
    for (const action of applicable(state)) {
      consider(apply(task, action, state), cost + action.cost, { action, before: way });
    }
  }
  return { kind: "exhausted" };
}

/**
 * Goes through every state that can be reached.
 *
 * @returns Every value that some variable has in one of them; undefined when the budget ran out first.
 */
export function explore(task: Task, budget: Budget): Reached | undefined {
  const applicable = createApplicable(task);
  const reached = createReached(task.sizes);
  const seen = new Set([keyOf(task.initial)]);
  const pending: State[] = [task.initial];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    if (budget.left-- <= 0) return undefined;
    for (const [variable, value] of state.entries()) reached.add(variable, value);
    for (const action of applicable(state)) {
      const after = apply(task, action, state);
      const key = keyOf(after);
      if (seen.has(key)) continue;
      seen.add(key);
      pending.push(after);
    }
  }
  return reached;
}

/** Tells states apart. */
export function keyOf(state: State): string {
  return String.fromCharCode(...state);
}

function actionsOf(last: Way | undefined): Action[] {
  const actions: Action[] = [];
  for (let way = last; way !== undefined; way = way.before) actions.push(way.action);
  return actions.reverse();
}

/** Finds the actions that can run in a state, without looking at each: by the first value that they change. */
export function createApplicable(task: Task): (state: State) => Action[] {
  const byChange: Map<number, Action[]>[] = task.sizes.map(() => new Map());
  for (const action of task.actions) {
    const first = action.changes[0];
    const byValue = first === undefined ? undefined : byChange[first.variable];
    if (first === undefined || byValue === undefined) continue;
    const actions = byValue.get(first.from) ?? [];
    actions.push(action);
    byValue.set(first.from, actions);
  }
  return (state) => {
    const found: Action[] = [];
    for (let variable = 0; variable < state.length; variable++) {
      for (const action of byChange[variable]?.get(state[variable] ?? 0) ?? []) {
        if (isApplicable(action, state)) found.push(action);
      }
    }
    return found;
  };
}
