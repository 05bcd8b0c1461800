import type {
  ChangeGroupInfo,
  ChangesInfo,
  ExplanationInfo,
  NodeChangeInfo,
  NodeSummaryInfo,
  PlanInfo,
  PlanStep,
} from "../../src/api/mod.ts";

/** A plan of three steps, one after the other, from off to SYNC. */
export const bringUp: PlanInfo = {
  ok: true,
  steps: [
    step("simpower/power-on", "/physState", "POWER_OFF", "POWER_ON", 30_000, []),
    step("simpower/boot", "/runState", "UNKNOWN", "INIT", 60_000, [0]),
    step("join/level", "/runState", "INIT", "SYNC", 30_000, [0, 1]),
  ],
  cost: 1,
  duration: 45_000,
  suspended: [],
};
/** A plan for a node that is what it should be. */
export const nothing: PlanInfo = { ok: true, steps: [], cost: 0, duration: 0, suspended: [] };
/** No plan. */
export const noPlan: PlanInfo = without("/physState=POWER_ON cannot be reached: no power module");

/** No plan, for this reason. */
export function without(reason: string): PlanInfo {
  return { ok: false, reason, noPlan: { kind: "conflict", goals: [] }, suspended: [] };
}

function step(key: string, url: string, from: string, to: string, timeout: number, after: number[]): PlanStep {
  const [module = "", mutation = ""] = key.split("/");
  return {
    ...{ key, module, mutation, bindings: {}, context: "parent", failTo: {}, timeout, after },
    ...{ changes: { [url]: [from, to] }, disruption: 1, duration: timeout / 2 },
  };
}

/** A node as the server lists it. */
export function summary(name: string, fields: Partial<NodeSummaryInfo> = {}): NodeSummaryInfo {
  return {
    id: `id-of-${name}`,
    name,
    kind: "node",
    platform: "sim",
    parent: "root",
    physState: "POWER_ON",
    runState: "SYNC",
    link: "UP",
    phase: "converged",
    reason: "",
    ...fields,
  };
}

/** What setting `/physState` from off to on does to a node. */
export function change(name: string, fields: Partial<NodeChangeInfo> = {}): NodeChangeInfo {
  return {
    id: `id-of-${name}`,
    name,
    created: false,
    differences: [{ url: "/physState", from: "POWER_OFF", to: "POWER_ON" }],
    plan: bringUp,
    version: "0.1.2",
    ...fields,
  };
}

/** Nodes with the same plan. */
export function group(
  nodeset: string,
  count: number,
  plan: PlanInfo,
  fields: Partial<ChangeGroupInfo> = {},
): ChangeGroupInfo {
  const { ok, suspended } = plan;
  const steps = plan.ok ? plan.steps : [];
  const summary = plan.ok ? `${steps.length} steps; about 1 min` : `no plan: ${plan.reason}`;
  return { nodeset, count, ok, summary, steps, disruptive: false, suspended, ...fields };
}

/** What the server says of changes. */
export function answer(changes: readonly NodeChangeInfo[], groups: readonly ChangeGroupInfo[] = []): ChangesInfo {
  return { dryRun: false, changes, groups };
}

/** An explanation of a node that needs nothing. */
export function explanation(name: string, fields: Partial<ExplanationInfo> = {}): ExplanationInfo {
  return {
    id: `id-of-${name}`,
    name,
    at: "2026-01-01T12:00:00.000Z",
    isHypothetical: false,
    phase: "converged",
    why: "Needs nothing: at its goal",
    goals: [],
    steps: [],
    expectedMs: 0,
    suspended: [],
    ...fields,
  };
}
