import type { Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import { reachesGoal } from "./progress.ts";
import type { EngineNode } from "./node.ts";

/**
 * Finds the disruptive step of a node's aggregator that a step of its agent only prepares, as draining prepares a power-off:
 * undefined for any other. The preparation already takes the node from those who use it, so the rules are asked before that:
 * the agent waits for its aggregator's `/approval`.
 */
export function disruptionPrepared(steps: readonly Step[], step: Step, node: EngineNode): Step | undefined {
  if (step.context !== "self" || reachesGoal(step, node)) return undefined;
  const followers = new Set([steps.findIndex(({ key }) => key === step.key)]);
  for (const [place, later] of steps.entries()) { // what a step comes after has an earlier place
    if (!later.after.some((before) => followers.has(before))) continue;
    followers.add(place);
    if (later.context === "parent" && isDisruptive(later, node)) return later;
  }
  return undefined;
}
