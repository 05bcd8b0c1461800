/** Sync: versioned snapshots, the link protocol and its codec. */
export * from "./child_link.ts";
export * from "./codec.ts";
export * from "./counts.ts";
export * from "./digest.ts";
export * from "./limits.ts";
export * from "./parent_link.ts";
export { prescan, type PrescanLimits } from "./prescan.ts";
export * from "./replica.ts";
export * from "./scope.ts";
export * from "./takeover.ts";
export * from "./types.ts";
