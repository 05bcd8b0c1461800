import { FACET_NAMES, type FacetName, isConcreteUrl, isRecord } from "../state/mod.ts";
import { MAX_DOCUMENTS, MAX_VALUES } from "./limits.ts";
import { fail } from "./malformed.ts";

/** What the items of a row are: its schema's number, its id, then facet by facet what this says. */
export interface RowSchema {
  /** How many items a row has. */
  readonly width: number;
  /** In the order of the row: each facet that has columns takes its version, then a cell for each URL. */
  readonly facets: readonly { readonly name: FacetName; readonly urls: readonly string[] }[];
}

/** How many items of a row a version takes: assignment, run and rev. */
export const VERSION_ITEMS = 3;

type Columns = { readonly [name in FacetName]: readonly string[] };

/**
 * Takes the columns and schemas of a data frame in. A frame without rows may have neither.
 *
 * @throws {MalformedFrame} When a column or a schema is none, a column repeats or does not exist, or a schema is too wide.
 */
export function parseSchemas(columns: unknown = {}, schemas: unknown = []): RowSchema[] {
  if (!isRecord(columns)) return fail("columns", columns, "a map of facets");
  if (!Array.isArray(schemas) || schemas.length > MAX_DOCUMENTS) {
    return fail("schemas", schemas, `a list of at most ${MAX_DOCUMENTS}`);
  }
  const known: Columns = {
    cfg: parseColumns(columns, "cfg"),
    parent: parseColumns(columns, "parent"),
    self: parseColumns(columns, "self"),
  };
  return schemas.map((schema: unknown, place) => parseSchema(schema, known, `schemas/${place}`));
}

function parseColumns(columns: { readonly [key: string]: unknown }, name: FacetName): string[] {
  const urls = columns[name] ?? [];
  if (!Array.isArray(urls)) return fail(`columns/${name}`, urls, "a list of state URLs");
  const seen = new Set<string>();
  for (const [place, url] of urls.entries()) {
    if (typeof url !== "string" || !isConcreteUrl(url)) return fail(`columns/${name}/${place}`, url, "a state URL");
    if (seen.has(url)) fail(`columns/${name}/${place}`, url, "a column that has not come yet");
    seen.add(url);
  }
  return [...seen];
}

function parseSchema(schema: unknown, columns: Columns, path: string): RowSchema {
  if (!isRecord(schema)) return fail(path, schema, "a map of facets");
  const facets: { name: FacetName; urls: string[] }[] = [];
  let values = 0;
  let width = 2;
  for (const name of FACET_NAMES) {
    const numbers = schema[name];
    if (numbers === undefined) continue;
    if (!Array.isArray(numbers)) return fail(`${path}/${name}`, numbers, "a list of columns' numbers");
    values += numbers.length;
    if (values > MAX_VALUES) fail(path, values, `at most ${MAX_VALUES} values`);
    if (numbers.length > 0) width += VERSION_ITEMS + numbers.length;
    facets.push({ name, urls: chosenOf(numbers, columns[name], `${path}/${name}`) });
  }
  return { width, facets };
}

function chosenOf(numbers: readonly unknown[], urls: readonly string[], path: string): string[] {
  const chosen = new Set<string>();
  for (const [place, number] of numbers.entries()) {
    const url = typeof number === "number" ? urls[number] : undefined;
    if (url === undefined) return fail(`${path}/${place}`, number, `a column's number below ${urls.length}`);
    if (chosen.has(url)) fail(`${path}/${place}`, number, "a column that has not come yet");
    chosen.add(url);
  }
  return [...chosen];
}
