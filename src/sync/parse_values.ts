import { type Entry, isRecord, type Value, type Version } from "../state/mod.ts";
import { fail, isCount } from "./malformed.ts";

/**
 * Takes a value in that has its own version.
 *
 * @param facet The place of the facet in the frame, for messages; the URL is appended.
 * @throws {MalformedFrame} When it is none.
 */
export function parseEntry(item: unknown, facet: string, url: string): Entry {
  if (!Array.isArray(item) || item.length !== 3) return fail(`${facet}${url}`, item, "a value with its term and rev");
  const [value, term, rev]: unknown[] = item;
  if (!isCount(term) || !isCount(rev)) return fail(`${facet}${url}`, [term, rev], "term and rev");
  return { value: parseValue(value, facet, url), version: [term, rev] };
}

/**
 * Takes a value in, or null for one that is unset.
 *
 * @param facet As in {@link parseEntry}.
 * @throws {MalformedFrame} When it has null somewhere inside.
 */
export function parseValue(value: unknown, facet: string, url: string): Value | null {
  return value === null || isValue(value) ? value : fail(`${facet}${url}`, value, "a value without null inside");
}

/**
 * Takes the cell of a row in: a value that has the row's version, or a list of a value and where its version differs.
 *
 * @param facet As in {@link parseEntry}.
 * @throws {MalformedFrame} When it is none.
 */
export function parseCell(item: unknown, base: Version, facet: string, url: string): Entry {
  if (!Array.isArray(item)) return { value: parseValue(item, facet, url), version: base };
  if (item.length === 3) return parseEntry(item, facet, url);
  const [value, rev]: unknown[] = item;
  if (item.length === 1) return { value: parseValue(value, facet, url), version: base };
  if (item.length !== 2) return fail(`${facet}${url}`, item, "a cell: a value, or a list of it, its term and its rev");
  if (!isCount(rev)) return fail(`${facet}${url}`, item, "a value with its rev");
  return { value: parseValue(value, facet, url), version: [base[0], rev] };
}

/** The prescan has bounded the depth. */
function isValue(value: unknown): value is Value {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") return true;
  if (Array.isArray(value)) return value.every(isValue);
  return isRecord(value) && Object.values(value).every(isValue);
}
