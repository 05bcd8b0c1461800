import type { Step } from "./plan.ts";

/** The expected start and end of each step of a plan, in milliseconds from now, and of the whole plan. */
export interface Schedule {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** The length of the critical path. */
  readonly duration: number;
}

/**
 * Schedules steps, each of which starts when all the steps before it are done.
 *
 * @param steps The steps of a plan: each comes after steps of earlier places only.
 * @param leftOf Milliseconds that a step still takes. Default its expected duration.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scheduleOf } from "../src/plan/mod.ts";
 *
 * const step = { duration: 1000, after: [] };
 * const { starts, duration } = scheduleOf([step, step, { duration: 500, after: [0, 1] }]);
 * assert.deepEqual(starts, [0, 0, 1000]);
 * assert.equal(duration, 1500);
 * ```
 */
export function scheduleOf<S extends Pick<Step, "after" | "duration">>(
  steps: readonly S[],
  leftOf: (step: S) => number = ({ duration }) => duration,
): Schedule {
  const starts: number[] = [];
  const ends: number[] = [];
  let latest = 0;
  for (const step of steps) { // what a step comes after has an earlier place
    const start = step.after.reduce((time, earlier) => Math.max(time, ends[earlier] ?? 0), 0);
    const end = start + leftOf(step);
    starts.push(start);
    ends.push(end);
    latest = Math.max(latest, end);
  }
  return { starts, ends, duration: latest };
}
