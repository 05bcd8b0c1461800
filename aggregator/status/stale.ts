import { isRecord, type Value } from "../../src/state/mod.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** Since when nothing is known of a node, and which aggregator on the way to it is not heard, or does not hear. */
export interface Stale {
  /** ISO 8601. */
  readonly since: string;
  readonly aggregator: string;
  /** Why that aggregator does not hear the node, where it is heard itself: its broker is lost. */
  readonly why?: string;
}

/** Since when the broker of an aggregator is lost, and why. */
export interface BrokerLost {
  /** ISO 8601. */
  readonly since: string;
  readonly why: string;
}

/** Since when nothing is known of a node, as an aggregator on the way to it is not heard, or has lost its broker. */
export function staleOf(nodes: Nodes, node: ReadNode): Stale | undefined {
  let found: Stale | undefined;
  for (const id of nodes.placement.above(node.id)) {
    const at = nodes.read(id);
    // The highest one that is lost is the one that is known to be: what it last said of others is stale itself.
    if (at !== undefined) found = staleBelow(at) ?? found;
  }
  return found;
}

/** Since when nothing is known of what is below an aggregator. */
export function staleBelow(aggregator: ReadNode): Stale | undefined {
  const since = aggregator.view.get("/staleSince");
  if (typeof since === "string") return { since, aggregator: aggregator.name };
  const lost = readBrokerLost(aggregator.view.get("/brokerLost"));
  if (lost === undefined) return undefined;
  return { since: lost.since, aggregator: aggregator.name, why: `its broker is not reached: ${lost.why}` };
}

/** What an aggregator says of its broker; undefined while that is reached. */
export function readBrokerLost(value: Value | undefined): BrokerLost | undefined {
  if (!isRecord(value)) return undefined;
  const { since, why } = value;
  return typeof since === "string" && typeof why === "string" ? { since, why } : undefined;
}

/** Why nothing is known of a node, in words. */
export function describeStale({ since, aggregator, why }: Stale): string {
  return `nothing is known of it since ${since}: aggregator '${aggregator}' ${
    why === undefined ? "is not heard" : `does not hear it, as ${why}`
  }`;
}
