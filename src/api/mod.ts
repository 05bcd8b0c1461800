/** The HTTP API: its schemas and its operations, from which server, client and documents are made. Runs in browsers too. */
export * from "./faults.ts";
export * from "./operation.ts";
export * from "./operations/mod.ts";
export { JSON_TYPES, PATCH_TYPES } from "./parameters.ts";
export * from "./problems.ts";
export * from "./schemas/mod.ts";
export * from "./selection.ts";
export * from "./traceparent.ts";
