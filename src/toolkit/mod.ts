/** Small tools that every layer shares: time on the injected clock, rates, bodies and streams, errors and durations as text. */
export * from "./backoff.ts";
export * from "./drop_oldest.ts";
export * from "./duration.ts";
export * from "./error_text.ts";
export * from "./every.ts";
export * from "./pause.ts";
export * from "./read_up_to.ts";
export type * from "./result.ts";
export * from "./sse.ts";
export * from "./token_bucket.ts";
export * from "./turns.ts";
