import { allConditionsOf, conditionOf, type Domain, type Step } from "../plan/mod.ts";
import type { EngineNode } from "./node.ts";

/** Values of `/physState` from which taking the power is no cut: there is none, or it is only looked for. */
const WITHOUT_POWER: readonly string[] = ["PHYS_UNKNOWN", "POWER_OFF"];
const CUTS: readonly string[] = ["POWER_OFF", "POWER_CYCLE"];

const runStateConditions = new WeakMap<Domain, ReturnType<typeof allConditionsOf>>();

/** Finds the conditions under which `/runState` is known. Worked out once for each domain: every step of every node is asked about. */
function conditionsOfRunState(domain: Domain): ReturnType<typeof allConditionsOf> {
  const known = runStateConditions.get(domain) ?? allConditionsOf((url) => conditionOf(domain, url), "/runState");
  runStateConditions.set(domain, known);
  return known;
}

/** Tells whether a node is in SYNC. */
export function isInSync(node: EngineNode): boolean {
  return node.view.get("/runState") === "SYNC";
}

/** Tells whether a step, or the forgetting that it brings about, takes a node out of SYNC, or cuts its power. */
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

/** Tells whether a step only finds out what is not known: nothing that it changes is known before. */
export function isSensing(step: Step, node: EngineNode): boolean {
  const { schema } = node.planner.domain;
  return Object.entries(step.changes).every(([url, [from]]) => from === schema.unknownOf(url));
}
