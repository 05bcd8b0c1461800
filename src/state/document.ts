import { canonicalText, equalValues, type Value } from "./value.ts";
import { compareVersions, NO_VERSION, type Version } from "./version.ts";

/** A versioned value in a facet. Null means unset; its version is kept, so that older values cannot return. */
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

/**
 * Makes the document of a node of which nothing is known yet.
 *
 * @param id The node's UUID, in lower case.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { emptyDocument } from "../src/state/mod.ts";
 *
 * const document = emptyDocument("6f1a5d5e-54a1-4d0a-8f0f-0c8f4b7f6a10");
 * assert.equal(document.facets.cfg.size, 0);
 * ```
 */
export function emptyDocument(id: string): NodeDocument {
  return { id, facets: { cfg: new Map(), parent: new Map(), self: new Map() } };
}

/**
 * Finds the newest version in `facet`; {@link NO_VERSION} for an empty one. It grows with every change, deletions
 * included.
 */
export function newestVersion(facet: Facet): Version {
  let newest = NO_VERSION;
  for (const { version } of facet.values()) if (compareVersions(version, newest) > 0) newest = version;
  return newest;
}

/**
 * Tells whether entry `a` wins over `b`, which may be missing. The newer version wins. Of two different values of the
 * same version, which one writer never makes, the one with the greater canonical text wins, so that merging stays
 * commutative whatever arrives.
 */
export function supersedes(a: Entry, b: Entry | undefined): boolean {
  if (b === undefined) return true;
  const order = compareVersions(a.version, b.version);
  if (order !== 0) return order > 0;
  return !equalValues(a.value, b.value) && canonicalText(a.value) > canonicalText(b.value);
}

/**
 * Merges two facets: for each URL the entry of the newer version. The merge is commutative, associative and
 * idempotent, so replicas agree in whatever order changes arrive.
 *
 * @param a The facet that is kept where both have the same entry.
 * @param b The facet that is merged into it. Neither is changed.
 * @returns The merged facet; `a` itself if `b` brings nothing new.
 *
 * @example The newer version wins
 * ```ts
 * import assert from "node:assert/strict";
 * import { mergeFacets } from "../src/state/mod.ts";
 *
 * const older = new Map([["/physState", { value: "POWER_OFF", version: { assignment: 1, run: 1, rev: 4 } }]]);
 * const newer = new Map([["/physState", { value: "POWER_ON", version: { assignment: 1, run: 1, rev: 5 } }]]);
 * assert.equal(mergeFacets(older, newer).get("/physState")?.value, "POWER_ON");
 * assert.equal(mergeFacets(newer, older), newer);
 * ```
 */
export function mergeFacets(a: Facet, b: Facet): Facet {
  let merged: Map<string, Entry> | undefined;
  for (const [url, entry] of b) {
    if (!supersedes(entry, a.get(url))) continue;
    merged ??= new Map(a);
    merged.set(url, entry);
  }
  return merged ?? a;
}

/**
 * Merges two documents of the same node, facet by facet, as {@link mergeFacets} does.
 *
 * @param a The document whose id is kept.
 * @param b The document that is merged into it. Neither is changed.
 * @returns The merged document; `a` itself if `b` brings nothing new.
 */
export function mergeDocuments(a: NodeDocument, b: NodeDocument): NodeDocument {
  const cfg = mergeFacets(a.facets.cfg, b.facets.cfg);
  const parent = mergeFacets(a.facets.parent, b.facets.parent);
  const self = mergeFacets(a.facets.self, b.facets.self);
  if (cfg === a.facets.cfg && parent === a.facets.parent && self === a.facets.self) return a;
  return { id: a.id, facets: { cfg, parent, self } };
}

/** Collects the values of `facet` that are set, by URL. */
export function valuesOf(facet: Facet): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [url, { value }] of facet) if (value !== null) values.set(url, value);
  return values;
}
