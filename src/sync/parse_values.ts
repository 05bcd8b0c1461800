import { type Entry, isRecord, type Value, type Version } from "../state/mod.ts";
import { fail, isCount } from "./malformed.ts";

/**
 * Takes a value in that has its own version.
 *
 * @param facet The place of the facet in the frame, for messages; the URL is appended.
 * @throws {MalformedFrame} When it is none.
 */
export function parseEntry(item: unknown, facet: string, url: string): Entry {
  if (!Array.isArray(item) || item.length !== 4) return fail(`${facet}${url}`, item, "a value with its version");
  return { value: parseValue(item[0], facet, url), version: parseVersion(item, 1, `${facet}${url}`) };
}

/**
 * Takes a version in: three counts that stand one after another in a list.
 *
 * @param at Where in the list.
 * @param path The place in the frame, for messages.
 * @throws {MalformedFrame} When one of them is none.
 */
export function parseVersion(items: readonly unknown[], at: number, path: string): Version {
  const [assignment, run, rev] = [items[at], items[at + 1], items[at + 2]];
  if (!isCount(assignment) || !isCount(run) || !isCount(rev)) {
    return fail(path, [assignment, run, rev], "assignment, run and rev");
  }
  return { assignment, run, rev };
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
  if (item.length === 4) return parseEntry(item, facet, url);
  const [value, rev]: unknown[] = item;
  if (item.length === 1) return { value: parseValue(value, facet, url), version: base };
  if (item.length !== 2) return fail(`${facet}${url}`, item, "a cell: a value, or a list of it and its version");
  if (!isCount(rev)) return fail(`${facet}${url}`, item, "a value with its rev");
  return { value: parseValue(value, facet, url), version: { assignment: base.assignment, run: base.run, rev } };
}

/** The prescan has bounded the depth. */
function isValue(value: unknown): value is Value {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") return true;
  if (Array.isArray(value)) return value.every(isValue);
  return isRecord(value) && Object.values(value).every(isValue);
}
