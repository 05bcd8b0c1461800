/**
 * A value of a state variable: plain data that JSON and CBOR both carry. Numbers are integers within ±2^32, since the
 * wire profile has no floats (docs/reference/protocol.md). `null` is no value: where it is allowed it means "unset".
 */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** Tells whether a value is an object with string keys: not a list, not a scalar. */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether two values are the same data, whatever the order of object keys. */
export function equalValues(a: Value | null | undefined, b: Value | null | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return canonicalText(a) === canonicalText(b);
}

/**
 * The one text of a value: JSON with object keys in code-unit order. Equal values have equal texts, so it serves as a
 * key and as a total order.
 */
export function canonicalText(value: Value | null): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (!isRecord(part)) return part;
    return Object.fromEntries(Object.keys(part).sort().map((key) => [key, part[key]]));
  });
}
