/**
 * A value of a state variable: plain data that JSON and CBOR both carry. Numbers are integers within ±2^32, because
 * the wire profile has no floats (docs/reference/protocol.md). `null` is not a value; where it is allowed, it means
 * "unset".
 */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** Tells whether `value` is an object with string keys: not a list, not a scalar, not null. */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether `a` and `b` are the same data, whatever the order of their object keys. */
export function equalValues(a: Value | null | undefined, b: Value | null | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return canonicalText(a) === canonicalText(b);
}

/**
 * Writes a value as its canonical text: JSON with object keys in code-unit order. Equal values have equal texts, so
 * the text serves as a key and as a total order.
 *
 * @param value The value, or null for "unset".
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { canonicalText } from "../src/state/mod.ts";
 *
 * assert.equal(canonicalText({ b: 1, a: 2 }), '{"a":2,"b":1}');
 * ```
 */
export function canonicalText(value: Value | null): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (!isRecord(part)) return part;
    return Object.fromEntries(Object.keys(part).sort().map((key) => [key, part[key]]));
  });
}
