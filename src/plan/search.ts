import type { Budget, SearchResult } from "./budget.ts";
import { constructPlan } from "./construct.ts";
import { searchStar } from "./decoupled.ts";
import { applyEffects, isApplicable } from "./effects.ts";
import { Heap } from "./heap.ts";
import { createHeuristic, type Heuristic } from "./heuristic.ts";
import { findStar } from "./star.ts";
import { type Action, keyOf, type Task, type TaskState } from "./task.ts";
import { createTransitionGraphs } from "./transition_graph.ts";

interface Node {
  readonly state: TaskState;
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
 * Finds a cheapest plan for a task. It takes the plan that is constructed without search if the heuristic proves it
 * the cheapest. Otherwise it searches: a star by the sequences of hub actions (see `searchStar`), all else state by
 * state.
 *
 * The generator yields after some microseconds to some milliseconds of work.
 *
 * @param task The task.
 * @param budget Its states and memory are used up.
 */
export function* search(task: Task, budget: Budget): Generator<void, SearchResult> {
  const graphs = createTransitionGraphs(task);
  const heuristic = createHeuristic(task, graphs);
  const constructed = constructPlan(task, graphs);
  if (constructed !== undefined) {
    const cost = constructed.reduce((sum, action) => sum + action.cost, 0);
    // No plan costs less than the heuristic says.
    if (cost === heuristic(task.initial) && constructed.length <= budget.states) {
      budget.takeStates(constructed.length);
      return { kind: "found", actions: constructed, cost };
    }
  }
  yield;
  const states = searchStates(task, heuristic, budget);
  if (task.sizes.length <= MAX_TRIED) {
    const { bytes } = budget;
    let step = states.next();
    while (step.done !== true && bytes - budget.bytes < TRIAL) {
      yield;
      step = states.next();
    }
    if (step.done === true) return step.value;
  }
  const star = findStar(task);
  yield;
  if (star === undefined) return yield* states;
  states.return({ kind: "exhausted" }); // frees its memory
  return yield* searchStar(task, star, budget);
}

/** The memory in bytes for a first search state by state: easy tasks end within it, before a star is made. */
const TRIAL = 150_000;
/** With more variables than these, a single step takes long. */
const MAX_TRIED = 20;

/**
 * Finds a cheapest plan with A*. Among states that look equally cheap the one nearest to the goals comes first, then
 * the one that was made first; actions are tried in the order of the task. A state comes back when a cheaper way to it
 * turns up, so the heuristic need not be consistent.
 *
 * @param task The task.
 * @param heuristic A lower bound of the cost from a state to the goals.
 * @param budget Its states are used up; memory is given back at the end.
 */
export function* searchStates(task: Task, heuristic: Heuristic, budget: Budget): Generator<void, SearchResult> {
  const applicable = createApplicable(task);
  const cheapest = new Map<string, number>();
  const open = new Heap<Node>((a, b) =>
    a.cost + a.estimate - b.cost - b.estimate || a.estimate - b.estimate || a.order - b.order
  );
  const bytes = bytesOf(task);
  let made = 0;

  function consider(state: TaskState, cost: number, way: Way | undefined): boolean {
    const key = keyOf(state);
    const known = cheapest.get(key);
    if (known !== undefined && known <= cost) return true;
    const estimate = heuristic(state);
    if (estimate === Infinity) return true;
    if (!budget.takeBytes(bytes)) return false;
    cheapest.set(key, cost);
    open.push({ state, key, cost, estimate, order: made++, way });
    return true;
  }

  try {
    consider(task.initial, 0, undefined);
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (cheapest.get(node.key) !== node.cost) continue; // a cheaper way to it was found since
      const { state, cost, way } = node;
      if (task.goals.every(({ variable, value }) => state[variable] === value)) {
        return { kind: "found", actions: actionsOf(way), cost };
      }
      if (!budget.takeStates(1)) return { kind: "bound", bound: "states" };
      for (const action of applicable(state)) {
        const isKept = consider(applyEffects(task, action, state), cost + action.cost, { action, before: way });
        if (!isKept) return { kind: "bound", bound: "bytes" };
      }
      yield;
    }
    return { kind: "exhausted" };
  } finally {
    budget.giveBytes(made * bytes);
  }
}

/** The memory of a state in bytes, roughly, with its key and its way. */
function bytesOf(task: Task): number {
  return 9 * task.sizes.length + 250;
}

function actionsOf(last: Way | undefined): Action[] {
  const actions: Action[] = [];
  for (let way = last; way !== undefined; way = way.before) actions.push(way.action);
  return actions.reverse();
}

/**
 * Makes a function that finds the actions of `task` that can run in a state. An index on the first value that actions
 * change spares it most of them.
 */
export function createApplicable(task: Task): (state: TaskState) => Action[] {
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
