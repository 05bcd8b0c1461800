import { type Entry, type Facet, isRecord, type Value } from "../../src/state/mod.ts";

/** Converts `facet` to the store's format: JSON, a list of `[url, value, assignment, run, rev]`. */
export function facetToText(facet: Facet): string {
  return JSON.stringify(
    [...facet].map(([url, { value, version }]) => [url, value, version.assignment, version.run, version.rev]),
  );
}

/**
 * Parses `text` in that format.
 *
 * @throws {TypeError} If it is malformed.
 */
export function facetFromText(text: string): Map<string, Entry> {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new TypeError("Cannot read a facet: expected a list");
  return new Map(rows.map(entryOf));
}

function entryOf(row: unknown): [string, Entry] {
  const [url, value, assignment, run, rev]: unknown[] = Array.isArray(row) ? row : [];
  if (
    typeof url !== "string" || !isValueOrNull(value) || typeof assignment !== "number" || typeof run !== "number" ||
    typeof rev !== "number"
  ) throw new TypeError("Cannot read a facet: expected rows of url, value, assignment, run and rev");
  return [url, { value, version: { assignment, run, rev } }];
}

/** Tells whether a value is valid JSON data without null inside: a {@link Value}. */
function isValueOrNull(value: unknown): value is Value | null {
  return value === null || isValue(value);
}

function isValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every(isValue);
  if (isRecord(value)) return Object.values(value).every(isValue);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
