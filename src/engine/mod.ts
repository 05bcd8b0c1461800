/** The engine: reconciles nodes on an injected clock. */
export * from "./types.ts";
export { createEngine, defaultEngineOptions } from "./engine.ts";
export { readStuck } from "./stuck.ts";
