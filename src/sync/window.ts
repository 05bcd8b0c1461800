import type { Log } from "../log.ts";
import type { Facet, FacetName } from "../state/mod.ts";
import { MAX_DOCUMENTS, MAX_SENT_BYTES, MAX_VALUES } from "./limits.ts";
import type { Change, DataFrame, DocumentChanges, Replica } from "./types.ts";
import { DOCUMENT_BYTES, FRAME_BYTES, urlSize, wireSize } from "./wire_size.ts";

/** Changes that go over a link together. */
export type Window = Pick<DataFrame, "since" | "upTo" | "newest" | "documents">;

/** Documents and values of a window that is being made. */
type Growing = Map<string, { readonly [name in FacetName]: Map<string, Change["entry"]> }>;

/** The most changes that are looked at for one window: what fits into a frame is far less. */
const MAX_LOOKED_AT = 40_000;

/** What a window is made of. */
export interface WindowSource {
  readonly replica: Replica;
  /** The documents that may have something for the other side that changed after an index. */
  documents(after: number): Iterable<string>;
  /** Tells whether the other side is to have this change. */
  wanted(change: Change): boolean;
  readonly log: Log;
}

/**
 * The next window after an index: the oldest changes, as many as fit into one frame. A value that no frame can carry is
 * left out and logged, so that the others still get through.
 *
 * @returns Undefined when nothing changed.
 */
export function collectWindow(source: WindowSource, since: number): Window | undefined {
  const newest = source.replica.index;
  const { changes, complete } = oldestChanges(source, since);
  if (changes.length === 0) return undefined;

  const growing: Growing = new Map();
  const columns: { readonly [name in FacetName]: Set<string> } = { cfg: new Set(), parent: new Set(), self: new Set() };
  let bytes = FRAME_BYTES;
  let upTo = since;
  for (const change of changes) {
    const size = wireSize(change);
    const facets = growing.get(change.id);
    if (size === undefined || size + urlSize(change.url) > MAX_SENT_BYTES - FRAME_BYTES - DOCUMENT_BYTES) {
      source.log.error("Cannot send a value that does not fit the wire", { node: change.id, url: change.url });
      upTo = change.index;
      continue;
    }
    const column = columns[change.facet];
    bytes += size + (column.has(change.url) ? 0 : urlSize(change.url)) + (facets === undefined ? DOCUMENT_BYTES : 0);
    const full = bytes > MAX_SENT_BYTES ||
      (facets === undefined ? growing.size >= MAX_DOCUMENTS : countOf(facets) >= MAX_VALUES);
    if (full) return { since, upTo, newest, documents: finished(growing) };
    const place = facets ?? { cfg: new Map(), parent: new Map(), self: new Map() };
    place[change.facet].set(change.url, change.entry);
    column.add(change.url);
    growing.set(change.id, place);
    upTo = change.index;
  }
  return { since, upTo: complete ? newest : upTo, newest, documents: finished(growing) };
}

/** The oldest wanted changes after an index, in their order. `complete`: there are no others. */
function oldestChanges(source: WindowSource, since: number): { changes: Change[]; complete: boolean } {
  let changes: Change[] = [];
  let before = Infinity; // changes from this index on are left for later windows
  for (const id of source.documents(since)) {
    for (const change of source.replica.since(id, since)) {
      if (change.index < before && source.wanted(change)) changes.push(change);
    }
    if (changes.length < 2 * MAX_LOOKED_AT) continue;
    changes = inOrder(changes);
    before = changes[MAX_LOOKED_AT]?.index ?? before;
    changes.length = MAX_LOOKED_AT;
  }
  return { changes: inOrder(changes), complete: before === Infinity };
}

function inOrder(changes: Change[]): Change[] {
  return changes.sort((a, b) => a.index - b.index);
}

function countOf(facets: { readonly [name in FacetName]: Facet }): number {
  return facets.cfg.size + facets.parent.size + facets.self.size;
}

/** Leaves out facets in which nothing changed. */
function finished(growing: Growing): DocumentChanges[] {
  return [...growing].map(([id, all]) => {
    const facets: { [name in FacetName]?: Facet } = {};
    if (all.cfg.size > 0) facets.cfg = all.cfg;
    if (all.parent.size > 0) facets.parent = all.parent;
    if (all.self.size > 0) facets.self = all.self;
    return { id, facets };
  });
}
