import { canonicalText, equalValues, type Value } from "./value.ts";
import { compareVersions, NO_VERSION, type Version } from "./version.ts";

/** One versioned value of a facet. A value of null is unset; its version is kept, so that older values stay out. */
export interface Entry {
  readonly value: Value | null;
  readonly version: Version;
}

/** The part of a node's state that has one writer: state URL to entry. */
export type Facet = ReadonlyMap<string, Entry>;

/** `cfg` is written by the root, `parent` by the node's aggregator, `self` by the node's agent. */
export type FacetName = "cfg" | "parent" | "self";
/** All facets, in a fixed order. */
export const FACET_NAMES: readonly FacetName[] = ["cfg", "parent", "self"];

/** Everything known of one node. */
export interface NodeDocument {
  /** The node's UUID. */
  readonly id: string;
  readonly facets: { readonly [name in FacetName]: Facet };
}

/** A node of which nothing is known yet. */
export function emptyDocument(id: string): NodeDocument {
  return { id, facets: { cfg: new Map(), parent: new Map(), self: new Map() } };
}

/** The newest version in a facet; {@link NO_VERSION} for an empty one. Grows with every change, deletions included. */
export function newestVersion(facet: Facet): Version {
  let newest = NO_VERSION;
  for (const { version } of facet.values()) if (compareVersions(version, newest) > 0) newest = version;
  return newest;
}

/**
 * Tells whether `a` wins over `b`: by version; by the order of their texts where versions are equal, which one writer
 * never makes, so that merge stays commutative whatever arrives.
 */
export function supersedes(a: Entry, b: Entry | undefined): boolean {
  if (b === undefined) return true;
  const order = compareVersions(a.version, b.version);
  if (order !== 0) return order > 0;
  return !equalValues(a.value, b.value) && canonicalText(a.value) > canonicalText(b.value);
}

/** Per value the higher version. Commutative, associative, idempotent. Returns `a` itself where `b` brings nothing new. */
export function mergeFacets(a: Facet, b: Facet): Facet {
  let merged: Map<string, Entry> | undefined;
  for (const [url, entry] of b) {
    if (!supersedes(entry, a.get(url))) continue;
    merged ??= new Map(a);
    merged.set(url, entry);
  }
  return merged ?? a;
}

/** Merges two documents of the same node, facet by facet. Returns `a` itself where `b` brings nothing new. */
export function mergeDocuments(a: NodeDocument, b: NodeDocument): NodeDocument {
  const cfg = mergeFacets(a.facets.cfg, b.facets.cfg);
  const parent = mergeFacets(a.facets.parent, b.facets.parent);
  const self = mergeFacets(a.facets.self, b.facets.self);
  if (cfg === a.facets.cfg && parent === a.facets.parent && self === a.facets.self) return a;
  return { id: a.id, facets: { cfg, parent, self } };
}

/** The values of a facet that are set. */
export function valuesOf(facet: Facet): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [url, { value }] of facet) if (value !== null) values.set(url, value);
  return values;
}
