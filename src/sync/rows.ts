import {
  compareVersions,
  type Entry,
  type Facet,
  FACET_NAMES,
  type FacetName,
  NO_VERSION,
  type Value,
  type Version,
} from "../state/mod.ts";
import type { DocumentChanges } from "./types.ts";

/** A value and its version. */
export type WireEntry = readonly [value: Value | null, assignment: number, run: number, rev: number];
/** A value of the row's version, or a list of it and where its own differs. A value that is a list is always in one. */
type Cell = Value | null | readonly [Value] | readonly [value: Value | null, rev: number] | WireEntry;
/** A schema's number, an id, and for each facet that has columns its version and its cells. */
type Row = readonly (string | number | Cell)[];

/** Documents in the form of rows (docs/reference/protocol.md). */
export interface WireRows {
  /** How many bytes this takes less than plain maps would; negative where it takes more. */
  readonly saved: number;
  readonly columns: { readonly [name in FacetName]?: readonly string[] };
  readonly schemas: readonly { readonly [name in FacetName]?: readonly number[] }[];
  readonly documents: readonly Row[];
}

/** The columns of some documents, in the order of their cells. */
interface Schema {
  readonly number: number;
  readonly urls: { readonly [name in FacetName]?: readonly string[] };
  /** What a plain map takes for the names of these facets and values. */
  readonly bytes: number;
}

/** The columns of one facet, in the order of their numbers. */
interface Columns {
  readonly urls: string[];
  readonly numbers: Map<string, number>;
}

/** Stands for a value that a document lacks. None does that fits its schema. */
const UNSET: Entry = { value: null, version: NO_VERSION };

/** What is made so far. */
interface Table {
  readonly columns: { [name in FacetName]?: Columns };
  readonly schemas: { [name in FacetName]?: number[] }[];
  /** By the numbers of their columns. */
  readonly known: Map<string, Schema>;
  saved: number;
}

/** Puts documents into rows. Documents with the same columns share a schema. */
export function wireRows(documents: readonly DocumentChanges[]): WireRows {
  const table: Table = { columns: {}, schemas: [], known: new Map(), saved: 0 };
  let schema: Schema | undefined;
  const rows = documents.map((document) => {
    // Most documents have the columns of the one before.
    if (schema === undefined || !fits(document, schema)) schema = schemaOf(table, document);
    return makeRow(table, schema, document);
  });
  const columns: { [name in FacetName]?: readonly string[] } = {};
  let heads = keySize("columns") + 1 + keySize("schemas") + headSize(table.schemas.length);
  for (const name of FACET_NAMES) {
    const urls = table.columns[name]?.urls;
    if (urls === undefined) continue;
    columns[name] = urls;
    heads += keySize(name) + headSize(urls.length);
  }
  return { saved: table.saved - heads, columns, schemas: table.schemas, documents: rows };
}

function fits(document: DocumentChanges, schema: Schema): boolean {
  for (const name of FACET_NAMES) {
    const facet = document.facets[name];
    const urls = schema.urls[name];
    if (facet?.size !== urls?.length) return false;
    if (facet !== undefined && urls?.every((url) => facet.has(url)) === false) return false;
  }
  return true;
}

/** Finds the schema of a document, or makes one and what columns it lacks. */
function schemaOf(table: Table, document: DocumentChanges): Schema {
  const chosen: { [name in FacetName]?: number[] } = {};
  let key = "";
  for (const name of FACET_NAMES) {
    const facet = document.facets[name];
    if (facet === undefined) continue;
    const columns = table.columns[name] ??= { urls: [], numbers: new Map() };
    const numbers: number[] = [];
    for (const url of facet.keys()) numbers.push(columnOf(table, columns, url));
    chosen[name] = numbers.sort((a, b) => a - b);
    key += `${name}${numbers.join()}`;
  }
  const known = table.known.get(key);
  if (known !== undefined) return known;
  const made = makeSchema(table, chosen);
  table.known.set(key, made);
  return made;
}

function columnOf(table: Table, { urls, numbers }: Columns, url: string): number {
  const known = numbers.get(url);
  if (known !== undefined) return known;
  table.saved -= keySize(url);
  numbers.set(url, urls.length);
  return urls.push(url) - 1;
}

function makeSchema(table: Table, chosen: { readonly [name in FacetName]?: number[] }): Schema {
  const urls: { [name in FacetName]?: string[] } = {};
  let bytes = 0;
  table.saved -= 1;
  for (const name of FACET_NAMES) {
    const numbers = chosen[name];
    if (numbers === undefined) continue;
    const heads = keySize(name) + headSize(numbers.length);
    const picked = numbers.map((number) => table.columns[name]?.urls[number] ?? "");
    table.saved -= heads + sumOf(numbers, headSize);
    bytes += heads + sumOf(picked, keySize);
    urls[name] = picked;
  }
  table.schemas.push(chosen);
  return { number: table.schemas.length - 1, urls, bytes };
}

function makeRow(table: Table, schema: Schema, document: DocumentChanges): Row {
  const row: (string | number | Cell)[] = [schema.number, document.id];
  let saved = schema.bytes;
  for (const name of FACET_NAMES) {
    const facet = document.facets[name];
    const urls = schema.urls[name];
    if (facet !== undefined && urls !== undefined && urls.length > 0) saved += addCells(row, facet, urls);
  }
  // A plain map has a head of one byte and the key of the id, a row its own head and the number.
  table.saved += saved + 1 + keySize("id") - headSize(row.length) - headSize(schema.number);
  return row;
}

/** Adds the cells of one facet. @returns How many bytes they take less than a version with each value. */
function addCells(row: (string | number | Cell)[], facet: Facet, urls: readonly string[]): number {
  const { assignment, run, rev } = commonVersion(facet);
  row.push(assignment, run, rev);
  const term = headSize(assignment) + headSize(run);
  let saved = -term - headSize(rev);
  for (const url of urls) {
    const { value, version } = facet.get(url) ?? UNSET;
    if (version.run !== run || version.assignment !== assignment) {
      row.push([value, version.assignment, version.run, version.rev]);
    } else if (version.rev !== rev) {
      row.push([value, version.rev]);
      saved += term;
    } else if (Array.isArray(value)) {
      row.push([value]);
      saved += term + headSize(rev);
    } else {
      row.push(value);
      saved += 1 + term + headSize(rev);
    }
  }
  return saved;
}

/** The version of most entries, if that many share one; otherwise that of some entry (Boyer and Moore's vote). */
function commonVersion(facet: Facet): Version {
  let common = NO_VERSION;
  let votes = 0;
  for (const { version } of facet.values()) {
    if (votes === 0) common = version;
    votes += common === version || compareVersions(common, version) === 0 ? 1 : -1;
  }
  return common;
}

/** The bytes of CBOR's head for a number, or for something of that length. */
function headSize(count: number): number {
  if (count < 24) return 1;
  if (count < 2 ** 8) return 2;
  return count < 2 ** 16 ? 3 : 5;
}

/** The bytes of a text that has ASCII only, such as the names of facets and values. */
function keySize(text: string): number {
  return headSize(text.length) + text.length;
}

function sumOf<Item>(items: readonly Item[], sizeOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + sizeOf(item), 0);
}
