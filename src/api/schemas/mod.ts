/** The resources of the HTTP API, and the bodies that it takes. */
export * from "./changes.ts";
export * from "./common.ts";
export * from "./declared.ts";
export * from "./events.ts";
export * from "./explanations.ts";
export * from "./layers.ts";
export * from "./nodes.ts";
export * from "./operations.ts";
export * from "./plans.ts";
export * from "./problem.ts";
export * from "./program.ts";
