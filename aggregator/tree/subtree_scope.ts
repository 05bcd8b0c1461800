import { assignmentNumber, compareTerms, type Facet, newestVersion, NO_TERM } from "../../src/state/mod.ts";
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

const NOTHING: Facet = new Map();

/** Tells whether the writer of a value was deposed by a later assignment of the node. */
function isOutdated({ facet, entry }: Change, cfg: Facet | undefined): boolean {
  return facet !== "cfg" && entry.version.assignment < assignmentNumber(cfg);
}

/**
 * Creates the scope of an aggregator towards its parent: discovered values of it and the nodes below go up, cfg comes
 * down.
 *
 * @param parts What it depends on.
 */
export function createUpScope(
  parts: {
    readonly replica: Replica;
    readonly placement: Placement;
    readonly ownId: string;
    /** Called when values arrive that an earlier aggregator of a node served here has left. */
    readonly onLeft: (id: string) => void;
    /** Called when something arrives for a node that is not below, as far as is known. */
    readonly onStray: (id: string) => void;
    /** Called when values arrive for a node that another aggregator serves, and which it must receive too. */
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

/** The scope of an aggregator towards a child aggregator. */
export interface SubtreeScope extends ParentScope {
  /** Reports that a node is no longer below the child, which must be told. */
  left(id: string): void;
  /** Lists the nodes that have left and of which the child has not been told. */
  departing(): Iterable<string>;
  /**
   * Reports that the child must receive everything about a node: the node came from elsewhere, or a value came from
   * above.
   */
  arrived(id: string): void;
  /** Whether the child has yet to receive values of nodes that arrived. */
  readonly hasPending: boolean;
  /** Handles a change of a node's cfg. @returns Whether values of it were refused that may be valid now. */
  isDue(id: string): boolean;
}

/** Events of a scope towards a child aggregator. */
export interface SubtreeEvents {
  /** The child knows that these nodes have left. */
  onTold(ids: readonly string[]): void;
  /** The child has everything of the nodes that arrived. */
  onSettled(): void;
}

/**
 * Creates the scope towards a child aggregator. Down goes the cfg of the nodes below it, and what the child must take
 * over: values of deposed writers, and everything if the child has lost its disk or the node is new below it. Up come
 * the discovered values of the child and the nodes below it.
 *
 * @param parts `isPending`: an earlier run had not sent the child everything.
 * @param events Called with what happens.
 */
export function createSubtreeScope(
  parts: {
    readonly replica: Replica;
    readonly placement: Placement;
    /**
     * Tells whether a writer is believed to have counted on by so many runs that nobody here knows of. They are spent then: a
     * child that relays its values must not use up those of the next writer.
     */
    mayGoOn(id: string, facet: "parent" | "self", assignment: number, runs: number): boolean;
    readonly child: string;
    readonly isPending: boolean;
  },
  events: SubtreeEvents,
): SubtreeScope {
  const { replica, placement, child } = parts;
  const departing = new Map<string, number>();
  /**
   * The index up to which the child must receive everything of a node. A moved rack brings what it knows to the tiers
   * above, but one that has lost its disk, or whose new parent has, knows only what it is told.
   */
  const arrivals = new Map<string, number>();
  let pendingUpTo = parts.isPending ? replica.index : 0;
  /** Nodes of which the child has sent values of an assignment that is not known here yet. */
  const early = new Set<string>();
  let wasEarly = false;

  /** Values without those of runs that are not believed: mostly all of them, as most are of runs that are known. */
  function withBelievedRuns(id: string, facet: "parent" | "self", entries: Facet, number: number): Facet {
    const here = replica.get(id)?.facets[facet] ?? NOTHING;
    let next = 0;
    for (const [url, { version }] of entries) {
      const isNews = version.assignment === number && version.run > next;
      if (isNews && compareTerms(version, here.get(url)?.version ?? NO_TERM) > 0) next = version.run;
    }
    if (next === 0) return entries;
    const newest = newestVersion(here);
    const last = newest.assignment === number ? newest.run : 0;
    if (next <= last || parts.mayGoOn(id, facet, number, next - last)) return entries;
    return new Map([...entries].filter(([, { version }]) => version.assignment !== number || version.run <= last));
  }

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
      // Only the root counts assignments, and its decisions arrive through this aggregator. So a child can know a later
      // one only if it has just come from a parent that heard it sooner. In that case its values are requested again.
      const number = assignmentNumber(replica.get(id)?.facets.cfg);
      const known = new Map([...entries].filter(([, { version }]) => version.assignment <= number));
      if (known.size < entries.size) {
        wasEarly = true;
        early.add(id);
      }
      const believed = withBelievedRuns(id, facet, known, number);
      replica.merge(id, facet, believed);
      return entries.size - believed.size;
    },
    wasEarly() {
      const was = wasEarly;
      wasEarly = false;
      return was;
    },
    acked(index) {
      const hadPending = self.hasPending;
      if (pendingUpTo <= index) pendingUpTo = 0;
      for (const [id, at] of arrivals) if (at <= index) arrivals.delete(id);
      if (hadPending && !self.hasPending) events.onSettled();
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
