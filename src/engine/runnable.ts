import type { MutationKey, Step } from "../plan/mod.ts";
import type { FailureRecord } from "./failure_record.ts";

/** The steps of a plan that may start now, and the failures in the way of the rest. */
export interface RunnableSteps {
  /** Steps that nothing of the node itself keeps from running now; some of them may run already. */
  readonly steps: readonly Step[];
  /** When the next step comes out of its backoff, in clock milliseconds. */
  readonly retryAt: number | undefined;
  /** Failures of steps that wait for their backoff. */
  readonly waiting: readonly FailureRecord[];
  /** Failures of steps that are given up. */
  readonly held: readonly FailureRecord[];
}

/** Nothing is left to start: shared by all nodes, most of which are at their goals. */
const NOTHING: RunnableSteps = { steps: [], retryAt: undefined, waiting: [], held: [] };

/**
 * Finds the steps that may start. A step that waits or is held also holds back everything that only prepares it: no image is
 * fetched for a boot that is not to be tried now. What reaches a goal by itself, or prepares another step that can be
 * taken, goes on: a service that is given up does not keep its node off.
 *
 * @param concerns Tells whether a step is this engine's to run or to await.
 * @param reachesGoal Tells whether a step brings a goal about.
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

/** The steps that can be taken and reach a goal, with all that prepares them. */
function usefulIn(
  steps: readonly Step[],
  blocked: ReadonlySet<number>,
  reachesGoal: (step: Step) => boolean,
): ReadonlySet<number> {
  const useful = new Set<number>();
  const stopped = new Set<number>();
  for (const [place, step] of steps.entries()) { // what a step comes after has an earlier place
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
