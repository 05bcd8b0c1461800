import { assignmentNumber, assignmentOf, type Facet } from "../src/state/mod.ts";
import {
  type Change,
  type ChildScope,
  type ParentScope,
  type Replica,
  takeOwn,
  takeSelfOver,
} from "../src/sync/mod.ts";
import type { Placement } from "./placement.ts";

/** Tells whether a value is of a writer that a later assignment of the node's `/parent` has deposed. */
function isOutdated({ facet, entry }: Change, cfg: Facet | undefined): boolean {
  return facet !== "cfg" && assignmentOf(entry.version[0]) < assignmentNumber(cfg);
}

/** The scope of an aggregator towards its parent: what it and the nodes below it discover goes up, cfg comes down. */
export function createUpScope(
  parts: {
    readonly replica: Replica;
    readonly placement: Placement;
    readonly ownId: string;
    /** Values that an earlier aggregator of a node that is served here left have come. */
    readonly onLeft: (id: string) => void;
    /** Something came of a node that is not below, as far as is known yet. */
    readonly onStray: (id: string) => void;
  },
): ChildScope {
  const { replica, placement, ownId } = parts;
  return {
    *documents(after) {
      for (const id of replica.changedSince(after)) {
        if (id === ownId || placement.via(id) !== undefined) yield id;
      }
    },
    wanted({ id, facet }) {
      return id === ownId ? facet === "self" : facet !== "cfg";
    },
    take(id, facet, entries, term) {
      if (id === ownId && facet === "self") return takeSelfOver(replica, id, term, entries);
      const changed = replica.merge(id, facet, entries);
      if (id !== ownId && placement.via(id) === undefined) parts.onStray(id);
      if (facet === "parent" && id !== ownId && changed.length > 0 && placement.via(id) === id) parts.onLeft(id);
      return 0;
    },
  };
}

/** The scope of an aggregator towards a child that is one too. */
export interface SubtreeScope extends ParentScope {
  /** A node is not below the child any more: the child has to be told. */
  left(id: string): void;
  /** Whether the child has still to be told that a node has left. */
  isLeaving(id: string): boolean;
}

/**
 * The scope towards a child aggregator. Down goes the cfg of what is below it, and what the child must take over: values
 * of writers that were deposed, everything where the child remembers nothing. Up comes what it and those below it discover.
 *
 * @param onTold The child knows that these nodes have left.
 */
export function createSubtreeScope(
  parts: { readonly replica: Replica; readonly placement: Placement; readonly child: string },
  onTold: (ids: readonly string[]) => void,
): SubtreeScope {
  const { replica, placement, child } = parts;
  const leaving = new Map<string, number>();
  return {
    *documents(after) {
      for (const id of replica.changedSince(after)) {
        if (placement.via(id) === child || leaving.has(id)) yield id;
      }
    },
    wanted(change, { term, blankUpTo }) {
      const { id, facet, entry, index } = change;
      if (facet === "cfg") return true;
      if (placement.via(id) !== child) return false;
      if (id === child) return facet === "parent" || entry.version[0] < term;
      return index <= blankUpTo || isOutdated(change, replica.get(id)?.facets.cfg);
    },
    take(id, facet, entries, { term }) {
      if (facet === "cfg" || placement.via(id) !== child) return entries.size;
      if (id !== child) {
        replica.merge(id, facet, entries);
        return 0;
      }
      return facet === "self" ? takeOwn(replica, child, entries, term) : entries.size;
    },
    acked(index) {
      if (leaving.size === 0) return;
      const told = [...leaving].filter(([, at]) => at <= index).map(([id]) => id);
      for (const id of told) leaving.delete(id);
      if (told.length > 0) onTold(told);
    },
    left: (id) => void leaving.set(id, replica.index),
    isLeaving: (id) => leaving.has(id),
  };
}
