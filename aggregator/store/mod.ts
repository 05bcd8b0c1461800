/** Stores: where an aggregator's state survives a restart. */
export * from "./marker.ts";
export * from "./memory.ts";
export * from "./sqlite.ts";
export * from "./types.ts";
export * from "./watched.ts";
