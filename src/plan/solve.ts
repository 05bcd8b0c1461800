import { Budget } from "./budget.ts";
import { boundReason, explainExhausted, findUnreachable } from "./diagnose.ts";
import type { SortedGoals } from "./goals.ts";
import type { GroundFrame, GroundMutation } from "./ground.ts";
import { partialOrder } from "./order.ts";
import { partition } from "./partition.ts";
import type { Domain, Plan, Step } from "./plan.ts";
import { relaxedReach } from "./reach.ts";
import { scheduleOf } from "./schedule.ts";
import { search } from "./search.ts";
import { compileProblem } from "./task.ts";
import type { Values } from "../state/mod.ts";

/** Bounds of one question: see `PlannerOptions`. */
export interface Bounds {
  readonly states: number;
  readonly bytes: number;
}

/**
 * Answers one question from scratch. Pure: the same arguments give the same plan. The generator yields between parts
 * of the work, so that the caller can do something else.
 *
 * @param domain The domain.
 * @param frame Everything that the goals can depend on.
 * @param view The node's known values.
 * @param goals Its goals.
 * @param bounds The most states and bytes that may be used.
 */
export function* solve(
  domain: Domain,
  frame: GroundFrame,
  view: Values,
  goals: SortedGoals,
  bounds: Bounds,
): Generator<void, Plan> {
  const problem = compileProblem(domain, frame, view, goals.active, bounds.states);
  const { suspended } = goals;
  yield;
  const reached = relaxedReach(problem.task);
  const unreachable = findUnreachable(problem, reached, goals.active);
  if (unreachable !== undefined) return { ok: false, reason: unreachable, suspended };
  yield;

  const budget = new Budget(bounds.states, bounds.bytes);
  const steps: Step[] = [];
  const tasks = partition(problem.task, reached);
  yield;
  for (const task of tasks) {
    const result = yield* search(task, budget);
    if (result.kind === "bound") return { ok: false, reason: boundReason(result.bound, bounds), suspended };
    if (result.kind === "exhausted") {
      const stuck = goals.active.filter(({ url }) => task.urls.includes(url));
      return { ok: false, reason: yield* explainExhausted(problem, reached, task, stuck, bounds), suspended };
    }
    yield;
    const first = steps.length;
    const waits = partialOrder(task, result.actions);
    for (const [place, { mutation }] of result.actions.entries()) {
      steps.push(stepOf(mutation, (waits[place] ?? []).map((earlier) => first + earlier)));
    }
  }
  const cost = steps.reduce((sum, { disruption }) => sum + disruption, 0);
  return { ok: true, steps, cost, duration: scheduleOf(steps).duration, suspended };
}

function stepOf(mutation: GroundMutation, after: readonly number[]): Step {
  const { key, module, id, bindings, context, changes, failTo, timeout, disruption, duration } = mutation;
  return {
    key,
    module,
    mutation: id,
    bindings,
    context,
    changes: Object.fromEntries(changes.map(({ url, from, to }) => [url, [from, to]])),
    failTo,
    timeout,
    disruption,
    duration,
    after,
  };
}
