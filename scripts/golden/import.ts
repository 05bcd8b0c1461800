import { compileDomain, type Domain, type Mutation } from "../../src/plan/mod.ts";
import { defineExtension, type Variable } from "../../src/state/mod.ts";
import { durationOf, type GoldenFile, type GoldenMutation, goldenNameOf } from "./format.ts";

/** Values by URL, as the file writes both. */
export type GoldenValues = { readonly [url: string]: string };

/** The mutations of a file as a domain of ours. */
export interface ImportedGraph {
  readonly domain: Domain;
  /** The URLs that some mutation changes, in order. */
  readonly mutable: readonly string[];
  /** The values of the others for which there is something to explore. A URL that is left out is not set. */
  readonly constants: readonly GoldenValues[];
  /** The file's mutations, in the order of their names. */
  readonly mutations: readonly GoldenMutation[];
  /** Our URL for one of the file's. */
  urlOf(url: string): string;
  /** The file's name for a key of our mutations. */
  nameOfKey(key: string): string;
  /** The value that means that nothing is known. */
  unknownOf(url: string): string;
}

/** The most combinations of constants. */
const MAX_CONSTANTS = 64;
const MODULE = "golden";
const DEFAULT_TIMEOUT = 60_000;

/**
 * Makes a domain of a file's mutations. What they change are enumerations of the values that are seen, the unknown one
 * first; the other URLs are constants. Conditions are derived from the discoveries, as for every domain. What a mutation
 * fails to plays no part in the graph, and each disrupts by 1. Nothing depends on the order of the file.
 *
 * @throws {TypeError} When the mutations can't be used: names the mutation, what was there and what was expected.
 * @throws {RangeError} When there are too many combinations of constants.
 */
export function importGraph(file: GoldenFile): ImportedGraph {
  const mutations = [...file.mutations].sort((a, b) => compare(goldenNameOf(a), goldenNameOf(b)));
  const mutable = [...new Set(mutations.flatMap(({ mutates }) => Object.keys(mutates)))].sort();
  const named = [...mutations, ...file.nodes].flatMap(({ requires, excludes }) => [requires, excludes]);
  const fixed = [...new Set(named.flatMap((values) => Object.keys(values)))].filter((url) => !mutable.includes(url))
    .sort();
  const numbers = new Map([...mutable, ...fixed].map((url, number) => [url, `/v${number}`]));
  const urlOf = (url: string) => numbers.get(url) ?? url;
  const enumerations = new Map(mutable.map((url) => [url, valuesOf(file, url)]));

  const variables: Record<string, Variable> = {};
  for (const [url, values] of enumerations) {
    variables[urlOf(url)] = { type: { kind: "enum", values }, writer: "parent", about: url };
  }
  for (const url of fixed) variables[urlOf(url)] = { type: { kind: "string" }, writer: "cfg", about: url };
  const domain = compileDomain([{
    name: MODULE,
    about: "The mutations of a file",
    extensions: [defineExtension(MODULE, variables)],
    discovers: [],
    mutations: Object.fromEntries(mutations.map((mutation, number) => [`t${number}`, importMutation(mutation, urlOf)])),
  }]);
  const names = new Map(mutations.map((mutation, number) => [`${MODULE}/t${number}`, goldenNameOf(mutation)]));
  return {
    domain,
    mutable,
    constants: combinationsOf(file, fixed),
    mutations,
    urlOf,
    nameOfKey: (key) => names.get(key) ?? key,
    unknownOf: (url) => enumerations.get(url)?.[0] ?? "",
  };
}

function importMutation(mutation: GoldenMutation, urlOf: (url: string) => string): Mutation {
  const ours = <T>(values: { readonly [url: string]: T }): { readonly [url: string]: T } =>
    Object.fromEntries(Object.entries(values).map(([url, value]) => [urlOf(url), value]));
  return {
    context: "parent",
    changes: ours(mutation.mutates),
    requires: ours(mutation.requires),
    excludes: ours(mutation.excludes),
    timeout: durationOf(mutation.timeout ?? "") || DEFAULT_TIMEOUT, // in the original 0 means that there is none
    about: goldenNameOf(mutation),
  };
}

/** The values of a variable, the unknown one first: the one that is named so. */
function valuesOf(file: GoldenFile, url: string): [string, ...string[]] {
  const seen = new Set<string>();
  for (const { mutates } of file.mutations) for (const value of mutates[url] ?? []) seen.add(value);
  for (const { requires, excludes } of [...file.mutations, ...file.nodes]) {
    for (const value of [requires[url], excludes[url]]) if (value !== undefined) seen.add(value);
  }
  const values = [...seen].sort();
  const unknown = [/^UNKNOWN$/, /_UNKNOWN$/, /^NONE$/, /_NONE$/]
    .flatMap((name) => values.filter((value) => name.test(value)))[0] ?? "UNKNOWN";
  return [unknown, ...values.filter((value) => value !== unknown)];
}

/** Every combination of the values that constants are required to have; not set at all where one is excluded. */
function combinationsOf(file: GoldenFile, constants: readonly string[]): GoldenValues[] {
  let combinations: GoldenValues[] = [{}];
  const all = [...file.mutations, ...file.nodes];
  for (const url of constants) {
    const required = new Set(all.flatMap(({ requires }) => requires[url] ?? []));
    const isExcluded = all.some(({ excludes }) => excludes[url] !== undefined);
    const values = [...[...required].sort(), ...(isExcluded ? [undefined] : [])];
    combinations = combinations.flatMap((before) =>
      values.map((value) => (value === undefined ? before : { ...before, [url]: value }))
    );
    if (combinations.length > MAX_CONSTANTS) {
      throw new RangeError(`Cannot explore every combination of constants: expected at most ${MAX_CONSTANTS} of them`);
    }
  }
  return combinations;
}

/** Tells whether constants have what is required of them, and nothing that is excluded. Other URLs are passed over. */
export function fits(
  graph: ImportedGraph,
  constants: GoldenValues,
  { requires, excludes }: { readonly requires: GoldenValues; readonly excludes: GoldenValues },
): boolean {
  const isFixed = (url: string) => !graph.mutable.includes(url);
  return Object.entries(requires).every(([url, value]) => !isFixed(url) || constants[url] === value) &&
    Object.entries(excludes).every(([url, value]) => !isFixed(url) || constants[url] !== value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
