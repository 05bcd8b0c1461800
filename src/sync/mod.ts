/** Sync: versioned snapshots, the link protocol and its codec. */
export * from "./replica.ts";
export * from "./types.ts";
