/** Small tools that every layer shares: time on the injected clock, rates, errors as text. */
export * from "./backoff.ts";
export * from "./drop_oldest.ts";
export * from "./error_text.ts";
export * from "./every.ts";
export * from "./pause.ts";
export type * from "./result.ts";
export * from "./token_bucket.ts";
