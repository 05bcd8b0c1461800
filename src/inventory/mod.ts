/** Inventory files: the nodes of a cluster and the state that each should have, as an administrator writes them. */
export * from "./keys.ts";
export * from "./parse.ts";
export * from "./types.ts";
