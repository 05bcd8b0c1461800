import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** Since when nothing is known of a node, and which aggregator on the way to it is not heard. */
export interface Stale {
  /** ISO 8601. */
  readonly since: string;
  readonly aggregator: string;
}

/** Since when nothing is known of a node, as an aggregator on the way to it is not heard. */
export function staleOf(nodes: Nodes, node: ReadNode): Stale | undefined {
  let found: Stale | undefined;
  for (const id of nodes.placement.above(node.id)) {
    const at = nodes.read(id);
    const since = at?.view.get("/staleSince");
    // The highest one that is lost is the one that is known to be: what it last said of others is stale itself.
    if (at !== undefined && typeof since === "string") found = { since, aggregator: at.name };
  }
  return found;
}
