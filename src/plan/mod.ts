/** The planner: pure functions, no clock, no I/O. */
export * from "./mutation.ts";
export * from "./plan.ts";
