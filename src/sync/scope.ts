import { compareTerms, type Entry, type Facet, type FacetName, RESTORED, type Term } from "../state/mod.ts";
import { takeSelfOver } from "./takeover.ts";
import type { Change, Replica } from "./types.ts";

/** Which documents and values a child exchanges with its parent. */
export interface ChildScope {
  /** The documents that may have something for the parent that changed after an index. */
  documents(after: number): Iterable<string>;
  /** Tells whether the parent is to have this change. */
  wanted(change: Change): boolean;
  /**
   * Takes values of one facet in from the parent.
   *
   * @param term The child's own term.
   * @returns How many of them are not the parent's to send.
   */
  take(id: string, facet: FacetName, entries: Facet, term: Term): number;
}

/** What a parent knows of the run of a child that it exchanges values with. */
export interface SessionInfo {
  readonly term: Term;
  /** Where the run was born without all of its memory: the parent's index then; otherwise 0. */
  readonly blankUpTo: number;
}

/** Which documents and values a parent exchanges with one child. */
export interface ParentScope {
  /** The documents that may have something for the child that changed after an index. */
  documents(after: number): Iterable<string>;
  /** Tells whether the child is to have this change. */
  wanted(change: Change, session: SessionInfo): boolean;
  /**
   * Takes values of one facet in from the child.
   *
   * @returns How many of them are not the child's to write.
   */
  take(id: string, facet: FacetName, entries: Facet, session: SessionInfo): number;
  /** The child has everything up to this index. */
  acked?(index: number): void;
  /** Tells, once, whether values were refused since the last call that may be right later: they are asked for again then. */
  wasEarly?(): boolean;
}

/** The scope of a child that is one node, an agent: it brings its `self` facet, and takes `cfg` and `parent`. */
export function createNodeScope(replica: Replica, id: string): ChildScope {
  return {
    documents: () => [id],
    wanted: ({ facet }) => facet === "self",
    take(node, facet, entries, term) {
      if (node !== id) return entries.size;
      if (facet === "self") return takeSelfOver(replica, id, term, entries);
      if (facet === "cfg") takeCfg(replica, id, entries);
      else replica.merge(id, facet, entries);
      return 0;
    },
  };
}

/**
 * Takes cfg in from above. Where it says that the root was put back from a backup, what was written after that backup goes.
 *
 * @returns The URLs that have changed.
 */
export function takeCfg(replica: Replica, id: string, entries: Facet): string[] {
  const changed = replica.merge(id, "cfg", entries);
  const cfg = replica.get(id)?.facets.cfg;
  const restored = cfg?.get(RESTORED)?.value;
  if (typeof restored === "number") {
    replica.drop(id, "cfg", (url) => (cfg?.get(url)?.version.run ?? restored) < restored);
  }
  return changed;
}

/**
 * The scope of a parent towards a child that is one node. What earlier runs left in `self` goes to the child too, until it
 * has taken it over.
 */
export function createNodeChildScope(replica: Replica, child: string): ParentScope {
  return {
    documents: () => [child],
    wanted: ({ facet, entry }, { term }) => facet !== "self" || compareTerms(entry.version, term) < 0,
    take(node, facet, entries, { term }) {
      if (node !== child || facet !== "self") return entries.size;
      return takeOwn(replica, child, entries, term);
    },
  };
}

/** Takes in what a child writes of its own node: with its term or an older one. @returns How many were refused. */
export function takeOwn(replica: Replica, child: string, entries: Facet, term: Term): number {
  const own = new Map<string, Entry>();
  for (const [url, entry] of entries) if (compareTerms(entry.version, term) <= 0) own.set(url, entry);
  replica.merge(child, "self", own);
  return entries.size - own.size;
}
