import type { List } from "../../src/api/mod.ts";
import { faulty, type Outcome } from "../../src/http/mod.ts";
import { compareNames } from "../../src/nodeset/mod.ts";

/** How a list was asked for. */
export interface Paging {
  readonly limit?: number;
  readonly cursor?: string;
  readonly sort?: string;
  readonly fields?: string;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
}

type Fields = { readonly [name: string]: unknown };
/** How two entries compare. */
type Order = (a: object, b: object) => number;

/** What a cursor says of the last entry of its page. */
interface Place {
  readonly sort: string;
  readonly at: number;
  readonly key: string;
  /** Its fields that the list is sorted by. */
  readonly sorted: Fields;
}

/**
 * Sorts a list and cuts a page out of it. A page starts after the last entry of the previous page in the present list: an entry that
 * exists all the time comes exactly once, unless its position changes.
 *
 * @param list The list of the operation.
 * @param entries All entries, in their usual order.
 * @param paging Which page, and in which order.
 * @param keyOf Returns the unique key of an entry.
 */
export function pageOf<T extends object>(
  list: List,
  entries: readonly T[],
  paging: Paging,
  keyOf: (entry: T) => string,
): Outcome<Page<T>> {
  const { limit, cursor, sort = "" } = paging;
  const order = readSort(list, sort);
  if (!order.ok) return order;
  const place = cursor === undefined ? { ok: true as const, value: undefined } : readCursor(cursor, sort);
  if (!place.ok) return place;
  const compare = order.value.compare;
  const sorted = sort === "" ? entries : [...entries].sort(compare);
  const from = place.value === undefined ? 0 : startAfter(sorted, place.value, compare, keyOf);
  const items = limit === undefined ? sorted.slice(from) : sorted.slice(from, from + limit);
  const last = items.at(-1);
  if (last === undefined || from + items.length >= sorted.length) return { ok: true, value: { items } };
  const at = from + items.length;
  const values = Object.fromEntries(order.value.fields.map((field) => [field, fieldOf(last, field)]));
  return { ok: true, value: { items, next: writeCursor({ sort, at, key: keyOf(last), sorted: values }) } };
}

/**
 * Answers a page of a list whose entries are at hand.
 *
 * @param about What is answered beside the list.
 */
export function answerPage<T extends object>(
  list: List,
  entries: readonly T[],
  paging: Paging,
  keyOf: (entry: T) => string,
  about: Fields = {},
): Outcome<never> | { readonly ok: true; readonly text: () => string } {
  const page = pageOf(list, entries, paging, keyOf);
  if (!page.ok) return page;
  const picked = pickFields(list, page.value.items, paging.fields);
  if (!picked.ok) return picked;
  const { next } = page.value;
  const answer = { ...about, [list.key]: picked.value, ...(next !== undefined && { next }) };
  return { ok: true, text: () => JSON.stringify(answer) };
}

/** Leaves of each entry the fields that were asked for. */
export function pickFields<T extends object>(
  list: List,
  entries: readonly T[],
  fields: string | undefined,
): Outcome<readonly T[] | readonly Fields[]> {
  if (fields === undefined) return { ok: true, value: entries };
  const names = readFields(list, "fields", fields.split(","));
  if (!names.ok) return names;
  const picked = entries.map((entry) => {
    const given = names.value.map((name): [string, unknown] => [name, fieldOf(entry, name)]);
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  });
  return { ok: true, value: picked };
}

function readFields(list: List, parameter: string, names: readonly string[]): Outcome<readonly string[]> {
  const known = Object.keys(list.item.entries);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return { ok: true, value: names };
  const detail = `Parameter '${parameter}' has '${unknown.slice(0, 100)}': expected some of ${known.join(", ")}`;
  return { ok: false, problem: faulty("malformed", [{ detail, parameter }]) };
}

function readSort(list: List, sort: string): Outcome<{ readonly fields: readonly string[]; readonly compare: Order }> {
  if (sort === "") return { ok: true, value: { fields: [], compare: () => 0 } };
  const parts = sort.split(",").map((part) => ({ field: part.replace(/^-/, ""), isDown: part.startsWith("-") }));
  const fields = readFields(list, "sort", parts.map(({ field }) => field));
  if (!fields.ok) return fields;
  const compare: Order = (a, b) => {
    for (const { field, isDown } of parts) {
      const order = compareValues(fieldOf(a, field), fieldOf(b, field));
      if (order !== 0) return isDown ? -order : order;
    }
    return 0;
  };
  return { ok: true, value: { fields: fields.value, compare } };
}

function fieldOf(entry: object, name: string): unknown {
  return Reflect.get(entry, name);
}

/** Names in the order of their numbers, and what is not there last. */
function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const text = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value);
  return compareNames(text(a), text(b));
}

function startAfter<T extends object>(
  sorted: readonly T[],
  { at, key, sorted: values }: Place,
  compare: Order,
  keyOf: (entry: T) => string,
): number {
  const same = sorted.findIndex((entry) => keyOf(entry) === key && compare(entry, values) === 0);
  if (same >= 0) return same + 1;
  if (Object.keys(values).length === 0) return Math.max(0, at - 1); // it has gone: the next one has its place
  const next = sorted.findIndex((entry) => compare(entry, values) > 0);
  return next < 0 ? sorted.length : next;
}

function writeCursor({ sort, at, key, sorted }: Place): string {
  return Buffer.from(JSON.stringify([sort, at, key, sorted])).toString("base64url");
}

function readCursor(cursor: string, sort: string): Outcome<Place> {
  const wrong = (detail: string): Outcome<never> => ({
    ok: false,
    problem: faulty("malformed", [{ detail, parameter: "cursor" }]),
  });
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    read = undefined;
  }
  const [of, at, key, sorted] = Array.isArray(read) ? read as unknown[] : [];
  const isPlace = typeof of === "string" && Number.isSafeInteger(at) && typeof key === "string" &&
    typeof sorted === "object" && sorted !== null;
  if (!isPlace) return wrong(`Parameter 'cursor' is '${cursor.slice(0, 100)}': expected 'next' of the page before`);
  if (of !== sort) return wrong(`Parameter 'cursor' is of a list with sort '${of}': expected the same sort as before`);
  return { ok: true, value: { sort, at: Number(at), key, sorted: { ...sorted } } };
}
