import { type Entry, type Facet, FACET_NAMES, type FacetName, isConcreteUrl, isRecord, isUuid } from "../state/mod.ts";
import { MAX_DOCUMENTS, MAX_VALUES } from "./limits.ts";
import { fail } from "./malformed.ts";
import { parseRow } from "./parse_rows.ts";
import { parseSchemas } from "./parse_schemas.ts";
import { parseEntry } from "./parse_values.ts";
import type { DocumentChanges } from "./types.ts";

/**
 * Takes the documents of a data frame in, each of which is a plain map or a row.
 *
 * @throws {MalformedFrame} When something is wrong with one of them, or one comes twice.
 */
export function parseDocuments(data: { readonly [key: string]: unknown }): DocumentChanges[] {
  const { documents } = data;
  if (!Array.isArray(documents) || documents.length > MAX_DOCUMENTS) {
    return fail("documents", documents, `a list of at most ${MAX_DOCUMENTS}`);
  }
  const schemas = parseSchemas(data["columns"], data["schemas"]);
  const ids = new Set<string>();
  return documents.map((item: unknown, place) => {
    const document = Array.isArray(item) ? parseRow(item, schemas, place) : parseMap(item, `documents/${place}`);
    ids.add(document.id);
    if (ids.size <= place) fail(`documents/${place}`, document.id, "a document that has not come yet");
    return document;
  });
}

function parseMap(value: unknown, path: string): DocumentChanges {
  if (!isRecord(value)) return fail(path, value, "a map or a row");
  const { id } = value;
  if (typeof id !== "string" || !isUuid(id)) return fail(`${path}/id`, id, "a UUID in lower case");
  const facets: { [name in FacetName]?: Facet } = {};
  let values = 0;
  for (const name of FACET_NAMES) {
    if (value[name] === undefined) continue;
    const entries = parseFacet(value[name], `${path}/${name}`);
    values += entries.size;
    if (values > MAX_VALUES) fail(path, values, `at most ${MAX_VALUES} values`);
    facets[name] = entries;
  }
  return { id, facets };
}

function parseFacet(value: unknown, path: string): Facet {
  if (!isRecord(value)) return fail(path, value, "a map");
  const entries = new Map<string, Entry>();
  for (const [url, item] of Object.entries(value)) {
    if (!isConcreteUrl(url)) fail(path, url, "a state URL");
    entries.set(url, parseEntry(item, path, url));
  }
  return entries;
}
