import { FACET_NAMES } from "../state/mod.ts";
import { type WireEntry, wireRows } from "./rows.ts";
import type { DocumentChanges } from "./types.ts";

/** A document in the form of a plain map (docs/reference/protocol.md). */
export type WireMap = { [key: string]: string | { [url: string]: WireEntry } };

/** The fields of a data frame that have its documents: as rows where that is shorter, otherwise as plain maps. */
export function wireDocuments(documents: readonly DocumentChanges[]): { readonly [key: string]: unknown } {
  const { saved, ...rows } = wireRows(documents);
  return saved > 0 ? rows : { documents: documents.map(wireMap) };
}

/** Puts a document into a plain map. */
export function wireMap(document: DocumentChanges): WireMap {
  const wire: WireMap = { id: document.id };
  for (const name of FACET_NAMES) {
    const facet = document.facets[name];
    if (facet === undefined) continue;
    const entries: { [url: string]: WireEntry } = {};
    for (const [url, { value, version }] of facet) entries[url] = [value, version.assignment, version.run, version.rev];
    wire[name] = entries;
  }
  return wire;
}
