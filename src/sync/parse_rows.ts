import { type Entry, type Facet, type FacetName, isUuid } from "../state/mod.ts";
import { fail } from "./malformed.ts";
import { type RowSchema, VERSION_ITEMS } from "./parse_schemas.ts";
import { parseCell, parseVersion } from "./parse_values.ts";
import type { DocumentChanges } from "./types.ts";

/**
 * Takes a document in that comes as a row.
 *
 * @param place Its place among the documents, for messages.
 * @throws {MalformedFrame} When it is none.
 */
export function parseRow(row: readonly unknown[], schemas: readonly RowSchema[], place: number): DocumentChanges {
  const [number, id] = row;
  const schema = typeof number === "number" ? schemas[number] : undefined;
  if (schema === undefined) return fail(`documents/${place}/0`, number, `a schema's number below ${schemas.length}`);
  if (row.length !== schema.width) {
    fail(`documents/${place}/length`, row.length, `${schema.width}, as schema ${String(number)} says`);
  }
  if (typeof id !== "string" || !isUuid(id)) return fail(`documents/${place}/1`, id, "a UUID in lower case");
  const facets: { [name in FacetName]?: Facet } = {};
  let at = 2;
  for (const { name, urls } of schema.facets) {
    facets[name] = parseCells(row, at, urls, `documents/${place}/${name}`);
    if (urls.length > 0) at += VERSION_ITEMS + urls.length;
  }
  return { id, facets };
}

function parseCells(row: readonly unknown[], start: number, urls: readonly string[], path: string): Facet {
  const entries = new Map<string, Entry>();
  if (urls.length === 0) return entries;
  const base = parseVersion(row, start, path);
  let at = start + VERSION_ITEMS;
  for (const url of urls) entries.set(url, parseCell(row[at++], base, path, url));
  return entries;
}
