import { canonicalBoot } from "../../src/boot/mod.ts";
import {
  assignmentIn,
  assignmentValue,
  compareVersions,
  type Facet,
  heldBy,
  INHERITED,
  KEPT_URLS,
  mergeFacets,
  type NodeDocument,
  type Value,
  type Values,
  type Version,
  versionText,
} from "../../src/state/mod.ts";
import { equalProfiles, type Profiles, profilesOf } from "../profiles/profile.ts";
import { entriesFor } from "./change.ts";
import { entriesOf, ownOf, sourcesOf } from "./inheritance.ts";
import type { CfgParts } from "./parts.ts";

/**
 * Returns a document with other cfg.
 *
 * @param before The document.
 * @param cfg All of its cfg from now on.
 * @param run The run that writes it.
 * @returns The document, and the entries that are new in it.
 */
export function withCfg(
  before: NodeDocument,
  cfg: Values,
  run: number,
): { readonly document: NodeDocument; readonly entries: Facet } {
  const entries = entriesFor(before.facets.cfg, cfg, run);
  const facets = { ...before.facets, cfg: mergeFacets(before.facets.cfg, entries) };
  return { document: { ...before, facets }, entries };
}

/** Returns the cfg of a node that is deleted. @param name Its name. */
export function tombstoneCfg(
  parts: Pick<CfgParts, "proofOf">,
  { id, facets }: NodeDocument,
  name: string,
): Values {
  const kept = new Map<string, Value>([["/name", name], ["/deleted", true]]);
  // Its aggregator is deposed, and a new node with this name is served under its own assignment.
  const last = assignmentIn(facets.cfg);
  if (last === undefined) return kept;
  const number = last.number + 1;
  const proof = parts.proofOf(id, number, last.parent);
  return kept.set("/assignment", assignmentValue({ ...last, number, proof }, heldBy(facets.cfg)));
}

/** Says that a node's cfg is not at the version that it must have; undefined if it is. */
export function mismatchOf(
  { name, version }: { readonly name: string; readonly version: Version },
  wanted: Version | undefined,
): string | undefined {
  if (wanted === undefined || compareVersions(wanted, version) === 0) return undefined;
  return `The cfg of '${name}' is at version ${versionText(version)}: expected ${versionText(wanted)}`;
}

/**
 * Returns the own cfg of a node with other values.
 *
 * @param node The node.
 * @param values The values; null unsets.
 * @returns The cfg, and why values can't be unset.
 */
export function patchedCfg(
  node: { readonly name: string; readonly cfg: Values },
  values: ReadonlyMap<string, Value | null>,
): { readonly cfg: Values; readonly refusals: readonly string[] } {
  const cfg = ownOf(node.cfg);
  const refusals: string[] = [];
  for (const [url, value] of values) {
    if (value !== null) cfg.set(url, canonicalBoot(url, value));
    else if (!cfg.delete(url)) refusals.push(...refuseInherited(node, url));
  }
  return { cfg, refusals };
}

/**
 * Returns the cfg that an inventory gives a node. Some values survive an apply of a file that does not mention them: a freeze
 * by an operator, the addresses of an adopted machine, and values of Kraken itself.
 *
 * @param before The cfg that it has.
 * @param name Its name.
 * @param given The cfg of the inventory.
 */
export function appliedCfg(before: Facet, name: string, given: Values): Values {
  const cfg = new Map([...given].map(([url, value]) => [url, canonicalBoot(url, value)])).set("/name", name);
  for (const url of ["/freeze", "/ipv4/mac", "/ipv4/address", ...KEPT_URLS]) {
    const value = before.get(url)?.value ?? null;
    if (value !== null && url !== INHERITED && !cfg.has(url)) cfg.set(url, value);
  }
  return cfg;
}

/** Returns what tells whether a node's cfg changes with other profiles. @param before The present ones. */
export function touchedBy(before: Profiles, after: Profiles): (cfg: Values) => boolean {
  const names = new Set([...before.keys(), ...after.keys()]);
  const differ = new Set([...names].filter((name) => !equalProfiles(before.get(name), after.get(name))));
  return (cfg) => {
    const entries = entriesOf(cfg);
    return [before, after].some((each) => profilesOf(entries, each).some((name) => differ.has(name)));
  };
}

/** Says that a value can't be unset on a node as it is not the node's own; nothing where it is not there at all. */
function refuseInherited({ name, cfg }: { readonly name: string; readonly cfg: Values }, url: string): string[] {
  const from = sourcesOf(cfg).get(url);
  if (from === undefined) return [];
  return [
    `${name}: ${url} comes from the profile '${from}': set it to something else, or leave it out with "~${url}" in /profiles`,
  ];
}
