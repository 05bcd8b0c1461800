/** What every HTTP server of an aggregator shares: routes, queries and bodies that are checked, problems as answers. */
export { JSON_TYPES } from "../api/mod.ts";
export * from "./body.ts";
export * from "./metric.ts";
export * from "./problem.ts";
export * from "./query.ts";
export * from "./routes.ts";
