import type { Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import { reachesGoal } from "./progress.ts";
import type { EngineNode } from "./node.ts";

/**
 * Finds the disruptive step of a node's aggregator that `step`, a step of the node's agent, only prepares, as draining
 * prepares a power-off. The preparation already takes the node away from its users, so limits and invariants are
 * checked before it: the agent waits for its aggregator's `/approval`.
 *
 * @param steps The steps of the node's plan, in order.
 * @param step One of them.
 * @param node The node as the plan begins.
 * @returns The disruptive step; undefined if `step` prepares none.
 */
export function disruptionPrepared(steps: readonly Step[], step: Step, node: EngineNode): Step | undefined {
  if (step.context !== "self" || reachesGoal(step, node)) return undefined;
  const followers = new Set([steps.findIndex(({ key }) => key === step.key)]);
  for (const [place, later] of steps.entries()) { // a step comes after steps with lower places
    if (!later.after.some((before) => followers.has(before))) continue;
    followers.add(place);
    if (later.context === "parent" && isDisruptive(later, node)) return later;
  }
  return undefined;
}
