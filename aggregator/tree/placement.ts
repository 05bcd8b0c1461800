import { type Facet } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";

/** The longest path up a tree to follow: circles in cfg end here. */
const MAX_TIERS = 32;

/** A node's place in the tree, by its cfg. */
interface Place {
  readonly name: string;
  /** The name of its parent; "" for none. */
  readonly parent: string;
  readonly isAggregator: boolean;
}

/** A node whose path has changed. Undefined: it is not below this aggregator. */
export interface Move {
  readonly id: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The nodes below an aggregator, and the child through which each is reached. */
export interface Placement {
  /**
   * Returns the child through which a node is reached: the node itself if it is a child. Undefined: it is not below.
   */
  via(id: string): string | undefined;
  /** Lists the nodes that are reached through a child, including the child. */
  below(child: string): Iterable<string>;
  /** Lists the nodes and aggregators whose parent is this aggregator. */
  direct(): Iterable<string>;
  isAggregator(id: string): boolean;
  /** Lists every known aggregator, including this one. */
  aggregators(): Iterable<string>;
  /** Returns the aggregator with a name. */
  aggregator(name: string): string | undefined;
  /** Lists the known aggregators above a node, nearest first. */
  above(id: string): Iterable<string>;
  /** Lists the nodes whose `/parent` has this name, wherever they are. */
  servedBy(name: string): Iterable<string>;
  /** Handles a change of a node's cfg. @returns Every node whose path has changed. */
  update(id: string): Move[];
}

const NONE: ReadonlySet<string> = new Set();

/** Tells from `cfg` whether a node has been deleted: its cfg is kept as a tombstone, which keeps out older versions. */
export function isDeleted(cfg: Facet | undefined): boolean {
  return cfg?.get("/deleted")?.value === true;
}

/** Returns the place of a node by its cfg; undefined if it has no name or has been deleted. */
function placeIn(cfg: Facet | undefined): Place | undefined {
  const name = cfg?.get("/name")?.value;
  if (typeof name !== "string" || isDeleted(cfg)) return undefined;
  const parent = cfg?.get("/parent")?.value;
  const isAggregator = cfg?.get("/role")?.value === "AGGREGATOR";
  return { name, parent: typeof parent === "string" ? parent : "", isAggregator };
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.parent === other.parent && one.name === other.name && one.isAggregator === other.isAggregator;
}

/** Creates the placement of the nodes in `replica`. @param ownName The `/parent` of this aggregator's children. */
export function createPlacement(replica: Replica, ownName: string): Placement {
  const places = new Map<string, Place>();
  const aggregators = new Map<string, string>();
  const children = new Map<string, Set<string>>();
  const vias = new Map<string, string>();
  const below = new Map<string, Set<string>>();
  const direct = new Set<string>();

  const read = (id: string): Place | undefined => placeIn(replica.get(id)?.facets.cfg);
  function store(id: string, place: Place | undefined): void {
    const before = places.get(id);
    if (before !== undefined) {
      children.get(before.parent)?.delete(id);
      if (aggregators.get(before.name) === id) aggregators.delete(before.name);
    }
    if (place === undefined) return void places.delete(id);
    places.set(id, place);
    let siblings = children.get(place.parent);
    if (siblings === undefined) children.set(place.parent, siblings = new Set());
    siblings.add(id);
    if (place.isAggregator) aggregators.set(place.name, id);
  }

  function* above(id: string): Generator<string> {
    let at: string | undefined = id;
    for (let tiers = 0; tiers < MAX_TIERS; tiers++) {
      at = aggregators.get(places.get(at)?.parent ?? "");
      if (at === undefined) return;
      yield at;
    }
  }

  function find(id: string): string | undefined {
    for (const at of chain(id)) {
      const place = places.get(at);
      if (place === undefined || place.name === ownName) return undefined;
      if (place.parent === ownName) return at;
    }
    return undefined;
  }
  function* chain(id: string): Generator<string> {
    yield id;
    yield* above(id);
  }

  function settle(id: string, moves: Move[], seen: Set<string>, name: string | undefined): void {
    if (seen.has(id)) return;
    seen.add(id);
    const before = vias.get(id);
    const after = find(id);
    if (before !== after) {
      moves.push({ id, before, after });
      if (before !== undefined) below.get(before)?.delete(id);
      direct.delete(id);
      if (after === undefined) vias.delete(id);
      else {
        vias.set(id, after);
        let all = below.get(after);
        if (all === undefined) below.set(after, all = new Set());
        all.add(id);
        if (after === id) direct.add(id);
      }
    }
    if (name === undefined || name === ownName) return;
    for (const child of [...children.get(name) ?? []]) settle(child, moves, seen, nameOf(child));
  }
  /** Returns the name by which others may have it as their parent. */
  function nameOf(id: string): string | undefined {
    const place = places.get(id);
    return place?.isAggregator === true ? place.name : undefined;
  }

  function update(id: string): Move[] {
    const before = nameOf(id);
    const old = places.get(id);
    const place = read(id);
    if (old !== undefined && place !== undefined && isSamePlace(old, place)) return [];
    store(id, place);
    const moves: Move[] = [];
    settle(id, moves, new Set(), nameOf(id) ?? before);
    return moves;
  }

  for (const id of replica.ids()) store(id, read(id));
  for (const id of replica.ids()) settle(id, [], new Set(), undefined);

  return {
    via: (id) => vias.get(id),
    below: (child) => below.get(child) ?? NONE,
    direct: () => direct,
    isAggregator: (id) => places.get(id)?.isAggregator === true,
    aggregators: () => aggregators.values(),
    above,
    aggregator: (name) => aggregators.get(name),
    servedBy: (name) => children.get(name) ?? NONE,
    update,
  };
}
