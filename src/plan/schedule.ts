import type { Step } from "./plan.ts";

/** When the steps of a plan are expected to start and to end, in milliseconds from now, and when all of them are done. */
export interface Schedule {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** The length of the critical path. */
  readonly duration: number;
}

/**
 * Times steps that each start when all that they wait for is done.
 *
 * @param leftOf How many milliseconds a step still takes: all that it is expected to, where nothing else is said.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { scheduleOf } from "../src/plan/mod.ts";
 *
 * const step = { duration: 1000, after: [] };
 * const { starts, duration } = scheduleOf([step, step, { duration: 500, after: [0, 1] }]);
 * assert(starts[2] === 1000 && duration === 1500);
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
