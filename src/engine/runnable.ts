import type { MutationKey, Step } from "../plan/mod.ts";
import type { FailureRecord } from "./failure_record.ts";

/** The steps of a plan that may start now, and the failures that block others. */
export interface RunnableSteps {
  /** Steps that nothing of the node itself prevents from running; some may be running already. */
  readonly steps: readonly Step[];
  /** When the next backoff ends, in clock milliseconds. */
  readonly retryAt: number | undefined;
  /** Failures of steps in backoff. */
  readonly waiting: readonly FailureRecord[];
  /** Failures of steps that are given up. */
  readonly held: readonly FailureRecord[];
}

/** Nothing to start: one object for the many nodes that are at their goals. */
const NOTHING: RunnableSteps = { steps: [], retryAt: undefined, waiting: [], held: [] };

/**
 * Finds the steps that may start. A step in backoff or held also holds back the steps that only prepare it: no image is
 * fetched for a boot that is not tried now. Steps that reach a goal themselves, or prepare another step that may run,
 * continue: a failed service does not keep its node off.
 *
 * @param steps The steps of the plan, in order.
 * @param failures The failures of the node, by mutation.
 * @param now Clock milliseconds.
 * @param concerns Tells whether this engine runs or awaits a step.
 * @param reachesGoal Tells whether a step reaches a goal.
 */
export function findRunnable(
  steps: readonly Step[],
  concerns: (step: Step) => boolean,
  reachesGoal: (step: Step) => boolean,
  failures: ReadonlyMap<MutationKey, FailureRecord>,
  now: number,
): RunnableSteps {
  if (steps.length === 0) return NOTHING;
  const blocked = new Set<number>();
  const heldBack = new Set<number>();
  const waiting: FailureRecord[] = [];
  const held: FailureRecord[] = [];
  for (const [place, step] of steps.entries()) {
    const failure = failures.get(step.key);
    if (failure === undefined) continue;
    if (failure.held) held.push(failure);
    else if (failure.retryAt > now) waiting.push(failure);
    else continue;
    blocked.add(place);
    addWithPreparation(steps, place, heldBack);
  }
  for (const place of usefulIn(steps, blocked, reachesGoal)) heldBack.delete(place);
  return {
    steps: steps.filter((step, place) => step.after.length === 0 && concerns(step) && !heldBack.has(place)),
    retryAt: waiting.length === 0 ? undefined : Math.min(...waiting.map(({ retryAt }) => retryAt)),
    waiting,
    held,
  };
}

/** Finds the steps that may run and reach a goal, with all their preparation. */
function usefulIn(
  steps: readonly Step[],
  blocked: ReadonlySet<number>,
  reachesGoal: (step: Step) => boolean,
): ReadonlySet<number> {
  const useful = new Set<number>();
  const stopped = new Set<number>();
  for (const [place, step] of steps.entries()) { // a step comes after steps with lower places
    if (blocked.has(place) || step.after.some((before) => stopped.has(before))) stopped.add(place);
    else if (reachesGoal(step)) addWithPreparation(steps, place, useful);
  }
  return useful;
}

/** Adds a step and everything that it comes after. */
function addWithPreparation(steps: readonly Step[], place: number, places: Set<number>): void {
  if (places.has(place)) return;
  places.add(place);
  for (const before of steps[place]?.after ?? []) addWithPreparation(steps, before, places);
}
