/** Small tools that every layer shares: time on the injected clock, rates, errors as text. */
export * from "./error_text.ts";
