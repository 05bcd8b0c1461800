import { allConditionsOf, conditionOf, type Domain, type Step } from "../plan/mod.ts";
import type { EngineNode } from "./node.ts";
import { reachesGoal } from "./progress.ts";

/** Values of `/physState` from which a power-off cuts nothing: the power is off, or not known yet. */
const WITHOUT_POWER: readonly string[] = ["PHYS_UNKNOWN", "POWER_OFF"];
const CUTS: readonly string[] = ["POWER_OFF", "POWER_CYCLE"];

const runStateConditions = new WeakMap<Domain, ReturnType<typeof allConditionsOf>>();

/**
 * Returns the conditions under which `/runState` is known. Cached for each domain, because every step of every node
 * needs them.
 */
function conditionsOfRunState(domain: Domain): ReturnType<typeof allConditionsOf> {
  const known = runStateConditions.get(domain) ?? allConditionsOf((url) => conditionOf(domain, url), "/runState");
  runStateConditions.set(domain, known);
  return known;
}

/** Tells whether `node` is in SYNC. */
export function isInSync(node: EngineNode): boolean {
  return node.view.get("/runState") === "SYNC";
}

/**
 * Tells whether `step` takes `node` out of SYNC, directly or because `/runState` cannot be known after it, or cuts its
 * power.
 */
export function isDisruptive(step: Step, node: EngineNode): boolean {
  const power = step.changes["/physState"];
  if (power !== undefined && CUTS.includes(power[1]) && !WITHOUT_POWER.includes(power[0])) return true;
  if (!isInSync(node)) return false;
  const run = step.changes["/runState"];
  if (run !== undefined && run[1] !== "SYNC") return true;
  return conditionsOfRunState(node.planner.domain).some(({ url, value }) => {
    const change = step.changes[url];
    return change !== undefined && change[1] !== value;
  });
}

/** Tells whether `step` only discovers: `node` does not know any of the values that it changes. */
export function isSensing(step: Step, node: EngineNode): boolean {
  const { schema } = node.planner.domain;
  return Object.entries(step.changes).every(([url, [from]]) => from === schema.unknownOf(url));
}

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
