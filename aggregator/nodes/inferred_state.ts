import type { Discovered } from "./discovered.ts";
import type { Nodes } from "./nodes.ts";

/**
 * Unsets states that were only inferred from silence, after a restart; observations stay. An agent that could not reach
 * this aggregator while it was away must be heard before its machine is power-cycled.
 *
 * @param nodes The nodes.
 * @param discovered Writes their values.
 */
export function forgetInferredState(nodes: Nodes, discovered: Discovered): void {
  for (const id of nodes.children()) {
    const view = nodes.read(id)?.view;
    const lost: [string, null][] = [];
    if (view?.get("/physState") === "PHYS_HANG") lost.push(["/physState", null], ["/runState", null]);
    if (view?.get("/runState") === "ERROR") lost.push(["/runState", null]);
    if (lost.length > 0) discovered.parent(id, new Map(lost));
  }
}
