import type { Discovered } from "./discovered.ts";
import type { Nodes } from "./nodes.ts";

/**
 * Observations outlive a restart; what was only concluded from silence does not: an agent that could not reach us
 * while we were away must be heard before its machine is power-cycled.
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
