import { isRecord, type Value } from "../../src/state/mod.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** Since when nothing is known of a node, and the aggregator on the path to it that is not heard or hears nothing. */
export interface Stale {
  /** ISO 8601. */
  readonly since: string;
  readonly aggregator: string;
  /** Why that aggregator does not hear the node although it is heard itself: its broker is lost. */
  readonly why?: string;
}

/** Since when the broker of an aggregator is lost, and why. */
export interface BrokerLost {
  /** ISO 8601. */
  readonly since: string;
  readonly why: string;
}

/**
 * Returns since when nothing is known of `node`, because an aggregator on the path to it is not heard or has lost its
 * broker; undefined if all are heard.
 *
 * @param nodes The nodes.
 */
export function staleOf(nodes: Nodes, node: ReadNode): Stale | undefined {
  let found: Stale | undefined;
  for (const id of nodes.placement.above(node.id)) {
    const at = nodes.read(id);
    // The highest lost aggregator counts: what it last reported about those below is stale itself.
    if (at !== undefined) found = staleBelow(at) ?? found;
  }
  return found;
}

/** Returns since when nothing is known of the nodes below `aggregator`. */
export function staleBelow(aggregator: ReadNode): Stale | undefined {
  const since = aggregator.view.get("/staleSince");
  if (typeof since === "string") return { since, aggregator: aggregator.name };
  const lost = readBrokerLost(aggregator.view.get("/brokerLost"));
  if (lost === undefined) return undefined;
  return { since: lost.since, aggregator: aggregator.name, why: `its broker cannot be reached: ${lost.why}` };
}

/** Reads `value`, a value of `/brokerLost`; undefined while the broker can be reached. */
export function readBrokerLost(value: Value | undefined): BrokerLost | undefined {
  if (!isRecord(value)) return undefined;
  const { since, why } = value;
  return typeof since === "string" && typeof why === "string" ? { since, why } : undefined;
}

/** Describes why nothing is known of a node. */
export function describeStale({ since, aggregator, why }: Stale): string {
  return `nothing is known of it since ${since}: aggregator '${aggregator}' ${
    why === undefined ? "is not heard" : `does not hear it, because ${why}`
  }`;
}
