/** The planner: pure functions, no clock, no I/O. */
export { allConditionsOf, conditionOf } from "./conditions.ts";
export { describeUnserved } from "./constants.ts";
export * from "./declaration.ts";
export * from "./describe.ts";
export * from "./domain.ts";
export * from "./draw.ts";
export * from "./graph.ts";
export { type Goal, goalsOf } from "./goals.ts";
export * from "./mutation.ts";
export * from "./plan.ts";
export * from "./planner.ts";
export { type Schedule, scheduleOf } from "./schedule.ts";
export type { SliceClock, SliceOptions } from "./slices.ts";
