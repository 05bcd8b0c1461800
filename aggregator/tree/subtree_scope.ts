import { assignmentNumber, compareTerms, type Facet } from "../../src/state/mod.ts";
import {
  type Change,
  type ChildScope,
  type ParentScope,
  type Replica,
  takeCfg,
  takeOwn,
  takeSelfOver,
} from "../../src/sync/mod.ts";
import type { Placement } from "./placement.ts";

/** Tells whether a value is of a writer that a later assignment of the node's `/parent` has deposed. */
function isOutdated({ facet, entry }: Change, cfg: Facet | undefined): boolean {
  return facet !== "cfg" && entry.version.assignment < assignmentNumber(cfg);
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
    /** Values have come of a node that another aggregator serves: it has to get them as well. */
    readonly onPassing: (id: string) => void;
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
      const changed = facet === "cfg" ? takeCfg(replica, id, entries) : replica.merge(id, facet, entries);
      const via = placement.via(id);
      if (id !== ownId && via === undefined) parts.onStray(id);
      if (facet !== "cfg" && changed.length > 0 && via !== undefined && via !== id) parts.onPassing(id);
      if (facet === "parent" && id !== ownId && changed.length > 0 && via === id) parts.onLeft(id);
      return 0;
    },
  };
}

/** The scope of an aggregator towards a child that is one too. */
export interface SubtreeScope extends ParentScope {
  /** A node is not below the child any more: the child has to be told. */
  left(id: string): void;
  /** The nodes that have left, and of which the child does not know that. */
  departing(): Iterable<string>;
  /** The child has to have all that is known of a node: it came here from elsewhere, or this came from above. */
  arrived(id: string): void;
  /** Whether the child has to have more than it has of nodes that arrived. */
  readonly hasPending: boolean;
  /** A node's cfg has changed. @returns Whether values of it were refused that may be right now. */
  isDue(id: string): boolean;
}

/** What a scope towards a child aggregator tells. */
export interface SubtreeEvents {
  /** The child knows that these nodes have left. */
  onTold(ids: readonly string[]): void;
  /** The child has everything of the nodes that arrived. */
  onSettled(): void;
}

/**
 * The scope towards a child aggregator. Down goes the cfg of what is below it, and what the child must take over: values
 * of writers that were deposed, everything where the child remembers nothing or where the node is new below it. Up comes
 * what it and those below it discover.
 *
 * @param parts `isPending`: an earlier run had not given the child all of what is here.
 */
export function createSubtreeScope(
  parts: {
    readonly replica: Replica;
    readonly placement: Placement;
    readonly child: string;
    readonly isPending: boolean;
  },
  events: SubtreeEvents,
): SubtreeScope {
  const { replica, placement, child } = parts;
  const departing = new Map<string, number>();
  /**
   * Up to which index the child has to have everything of a node. A rack that is moved brings what it knows to the tiers
   * above it, but one that has lost its disk on the way, or whose new parent has, knows only what it is told.
   */
  const arrivals = new Map<string, number>();
  let pendingUpTo = parts.isPending ? replica.index : 0;
  /** Nodes of which the child has sent values of an assignment that is not known here yet. */
  const early = new Set<string>();
  let wasEarly = false;
  const self: SubtreeScope = {
    *documents(after) {
      for (const id of replica.changedSince(after)) {
        if (placement.via(id) === child || departing.has(id)) yield id;
      }
    },
    wanted(change, { term, blankUpTo }) {
      const { id, facet, entry, index } = change;
      if (facet === "cfg") return true;
      if (placement.via(id) !== child) return false;
      if (id === child) return facet === "parent" || compareTerms(entry.version, term) < 0;
      return index <= blankUpTo || index <= pendingUpTo || index <= (arrivals.get(id) ?? 0) ||
        isOutdated(change, replica.get(id)?.facets.cfg);
    },
    take(id, facet, entries, { term }) {
      if (facet === "cfg" || placement.via(id) !== child) return entries.size;
      if (id === child) return facet === "self" ? takeOwn(replica, child, entries, term) : entries.size;
      // The root alone counts assignments, and its word comes down by here: a child can't rightly know of a later one,
      // unless it has just come from where that was heard sooner. Then it is asked again.
      const number = assignmentNumber(replica.get(id)?.facets.cfg);
      const known = new Map([...entries].filter(([, { version }]) => version.assignment <= number));
      replica.merge(id, facet, known);
      if (known.size < entries.size) {
        wasEarly = true;
        early.add(id);
      }
      return entries.size - known.size;
    },
    wasEarly() {
      const was = wasEarly;
      wasEarly = false;
      return was;
    },
    acked(index) {
      const wasOwed = self.hasPending;
      if (pendingUpTo <= index) pendingUpTo = 0;
      for (const [id, at] of arrivals) if (at <= index) arrivals.delete(id);
      if (wasOwed && !self.hasPending) events.onSettled();
      if (departing.size === 0) return;
      const told = [...departing].filter(([, at]) => at <= index).map(([id]) => id);
      for (const id of told) departing.delete(id);
      if (told.length > 0) events.onTold(told);
    },
    left(id) {
      arrivals.delete(id);
      early.delete(id);
      departing.set(id, replica.index);
    },
    departing: () => departing.keys(),
    arrived: (id) => void arrivals.set(id, replica.index),
    get hasPending() {
      return arrivals.size > 0 || pendingUpTo > 0;
    },
    isDue: (id) => early.delete(id),
  };
  return self;
}
