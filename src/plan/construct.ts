import { applyTo, isApplicable } from "./effects.ts";
import type { Action, Fact, Task } from "./task.ts";
import type { TransitionGraph } from "./transition_graph.ts";

/** More steps than this are left to the search and its bound. */
const MAX_STEPS = 20_000;

/**
 * Constructs a plan without search: the goals in their order, each variable along its own cheapest way, and before
 * each action whatever it needs of other variables in the same manner. The plan runs, but need not be the cheapest:
 * the caller compares it with a lower bound.
 *
 * @param task The task.
 * @param graphs The transition graphs of its variables, by number.
 * @returns The actions; undefined if this leads nowhere or undoes a goal that was reached before.
 */
export function constructPlan(task: Task, graphs: readonly TransitionGraph[]): Action[] | undefined {
  const state = [...task.initial];
  const steps: Action[] = [];
  /** The facts in progress, each needed by the one before it. No variable is in it twice. */
  const wanted: Fact[] = [];
  const isWanted = new Uint8Array(task.sizes.length);

  function want(fact: Fact): boolean {
    if (isWanted[fact.variable] === 1) return false; // it would have to be in two places
    isWanted[fact.variable] = 1;
    wanted.push(fact);
    return true;
  }

  for (const goal of task.goals) {
    want(goal);
    for (let fact = wanted.at(-1); fact !== undefined; fact = wanted.at(-1)) {
      if (state[fact.variable] === fact.value) {
        isWanted[fact.variable] = 0;
        wanted.pop();
        continue;
      }
      const action = graphs[fact.variable]?.nextOn(state[fact.variable] ?? 0, fact.value);
      if (action === undefined || steps.length >= MAX_STEPS) return undefined;
      const need = firstUnmet(action, state, fact.variable);
      if (need !== undefined) {
        if (!want(need)) return undefined;
      } else {
        if (!isApplicable(action, state)) return undefined;
        applyTo(task, action, state);
        steps.push(action);
      }
    }
  }
  return task.goals.every(({ variable, value }) => state[variable] === value) ? steps : undefined;
}

/** The first fact about other variables than its own that an action needs and that does not hold. */
function firstUnmet(action: Action, state: readonly number[], own: number): Fact | undefined {
  for (const fact of action.requires) if (state[fact.variable] !== fact.value) return fact;
  for (const { variable, from } of action.changes) {
    if (variable !== own && state[variable] !== from) return { variable, value: from };
  }
  return undefined;
}
