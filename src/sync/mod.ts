/** Sync: versioned snapshots, the link protocol and its codec. */
export * from "./types.ts";
