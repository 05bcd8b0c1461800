/** The engine: reconciles nodes on an injected clock. */
export * from "./types.ts";
