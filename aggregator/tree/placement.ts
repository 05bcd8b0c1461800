import { type Facet } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";

/** The longest way up a tree that is followed: cfg that goes round in circles ends here. */
const MAX_TIERS = 32;

/** Where a node stands in the tree, as its cfg says. */
interface Place {
  readonly name: string;
  /** The name of its parent; "" for none. */
  readonly parent: string;
  readonly isAggregator: boolean;
}

/** A node that is reached in another way than before. Undefined: it is not below this aggregator. */
export interface Move {
  readonly id: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Which nodes are below an aggregator, and through which of its own children each is reached. */
export interface Placement {
  /** The own child through which a node is reached: the node itself where it is one. Undefined: it is not below. */
  via(id: string): string | undefined;
  /** The nodes that are reached through a child, itself included. */
  below(child: string): Iterable<string>;
  /** The nodes and aggregators whose parent this aggregator is. */
  direct(): Iterable<string>;
  isAggregator(id: string): boolean;
  /** Every aggregator that is known, this one included. */
  aggregators(): Iterable<string>;
  /** The aggregator of a name. */
  aggregator(name: string): string | undefined;
  /** The aggregators above a node that are known, the nearest first. */
  above(id: string): Iterable<string>;
  /** The nodes whose `/parent` has this name, wherever they are. */
  servedBy(name: string): Iterable<string>;
  /** A node's cfg has changed. @returns Every node that is reached in another way now. */
  update(id: string): Move[];
}

const NONE: ReadonlySet<string> = new Set();

/** Tells whether a node has been deleted: its cfg is kept as a tombstone, so that older versions of it stay out. */
export function isDeleted(cfg: Facet | undefined): boolean {
  return cfg?.get("/deleted")?.value === true;
}

/** Where a node's cfg places it; undefined for one without a name, or that has been deleted. */
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

/** Follows a replica. `ownName` is what own children have as their `/parent`. */
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
  /** The name under which others may have it as their parent. */
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
