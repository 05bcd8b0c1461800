import type { AggregatorBelow } from "../cluster/cluster.ts";

/** How many nodes one aggregator of the lowest tier serves at most. */
const NODES_EACH = 50;
/** How many aggregators one of a tier above has as children at most. */
const FAN_OUT = 4;
/** What aggregators of each tier are called, the lowest one last. */
const TIERS: readonly (readonly string[])[] = [[], ["rack"], ["row", "rack"], ["hall", "row", "rack"]];
/** The most tiers that there are names for. */
export const MAX_TIERS = TIERS.length;

/** A tree of aggregators below a root, and which of them serves each node. */
export interface Tiers {
  readonly aggregators: readonly AggregatorBelow[];
  /** The name of the aggregator for the node at this place. */
  parentOf(place: number): string;
}

/**
 * Lays a tree out: tiers of evenly filled aggregators, at least two in each.
 *
 * @param tiers How many, the root's included: from 1, the root alone.
 */
export function layOut(root: string, tiers: number, nodes: number): Tiers {
  const names = TIERS[tiers - 1] ?? [];
  const sizes: number[] = [];
  for (let size = Math.max(2, Math.ceil(nodes / NODES_EACH)); sizes.length < names.length;) {
    sizes.unshift(size);
    size = Math.max(2, Math.ceil(size / FAN_OUT));
  }
  const aggregators: AggregatorBelow[] = [];
  let above = [root];
  for (const [tier, name] of names.entries()) {
    const size = sizes[tier] ?? 0;
    const made = Array.from({ length: size }, (_, place): AggregatorBelow => ({
      name: `${name}${place + 1}`,
      parent: pick(above, place, size),
    }));
    aggregators.push(...made);
    above = made.map((each) => each.name);
  }
  return { aggregators, parentOf: (place) => pick(above, place, nodes) };
}

/** Of some that stand in a line, the one for this place of so many. */
function pick(of: readonly string[], place: number, total: number): string {
  return of[Math.floor((place * of.length) / total)] ?? of[0] ?? "";
}
