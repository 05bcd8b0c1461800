/** Small tools for every layer: time on the injected clock, rates, bodies and streams, errors and durations as text. */
export * from "./time.ts";
export * from "./drop_oldest.ts";
export * from "./duration.ts";
export * from "./result.ts";
export * from "./streams.ts";
export type * from "./result.ts";
export * from "./token_bucket.ts";
export * from "./turns.ts";
