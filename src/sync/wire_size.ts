import { Buffer } from "node:buffer";
import { isRecord, MAX_INTEGER } from "../state/mod.ts";
import { MAX_DEPTH } from "./limits.ts";
import type { Change } from "./types.ts";

/** How deep a value lies in a data frame: frame, documents, document, facet, entry. */
const ENTRY_DEPTH = 5;
/** The most that a version, the head of an entry and the number of its column take. */
const VERSION_BYTES = 19;

/** No item counts less than this, so that a frame within its size is within its number of items too. */
const LEAST_BYTES = 2;

/** The bytes of a data frame before any of its documents, columns and schemas. */
export const FRAME_BYTES = 320;
/** The bytes of a document in a data frame before any of its values: its id, and its facets' names and heads in a schema. */
export const DOCUMENT_BYTES = 96;

/**
 * The most bytes that a change takes in a data frame, its URL aside: rows of the same column have that once, see
 * {@link urlSize}. Plain maps repeat it, but are only sent where they are shorter than rows.
 *
 * @returns Undefined when it has something that no frame can carry: a float, an integer beyond ±(2^32-1), deep nesting.
 */
export function wireSize(change: Change): number | undefined {
  const size = sizeOf(change.entry.value, ENTRY_DEPTH);
  return size === undefined ? undefined : VERSION_BYTES + size;
}

/** The most bytes that the URL of a value takes in a data frame. */
export function urlSize(url: string): number {
  return textSize(url);
}

function sizeOf(value: unknown, depth: number): number | undefined {
  if (typeof value === "string") return textSize(value);
  if (typeof value === "boolean" || value === null) return LEAST_BYTES;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) <= MAX_INTEGER ? 5 : undefined;
  if (depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return sumOf(value, depth);
  if (!isRecord(value) || Object.hasOwn(value, "__proto__")) return undefined;
  let keys = 0;
  for (const key of Object.keys(value)) keys += textSize(key);
  const values = sumOf(Object.values(value), depth);
  return values === undefined ? undefined : keys + values;
}

function sumOf(values: readonly unknown[], depth: number): number | undefined {
  let sum = 5;
  for (const value of values) {
    const size = sizeOf(value, depth + 1);
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}

function textSize(text: string): number {
  return 5 + Buffer.byteLength(text);
}
