import type { Nodes } from "./nodes.ts";

/**
 * Whether the machine of a node that this aggregator serves was turned off, or is being restarted: its agent is gone, and what
 * comes next is a new one. Undefined for other nodes: their power is for their own aggregators to judge.
 */
export function hasLostPower(nodes: Nodes, id: string): boolean | undefined {
  if (nodes.placement.via(id) !== id) return undefined;
  const physState = nodes.read(id)?.view.get("/physState");
  return physState === "POWER_OFF" || physState === "POWER_CYCLE";
}
