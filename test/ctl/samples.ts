import type {
  ChangesShape,
  ExplanationShape,
  GroupShape,
  NodeChangeShape,
  NodeSummaryShape,
  PlanShape,
} from "../../ctl/shapes.ts";

/** A plan of three steps, one after the other, from off to SYNC. */
export const bringUp: PlanShape = {
  ok: true,
  steps: [
    step("simpower/power-on", "/physState", "POWER_OFF", "POWER_ON", 30_000, []),
    step("simpower/boot", "/runState", "UNKNOWN", "INIT", 60_000, [0]),
    step("join/level", "/runState", "INIT", "SYNC", 30_000, [0, 1]),
  ],
  suspended: [],
};
/** A plan for a node that is what it should be. */
export const nothing: PlanShape = { ok: true, steps: [], suspended: [] };
/** No plan. */
export const noPlan: PlanShape = { ok: false, reason: "/physState=POWER_ON cannot be reached: no power module" };

function step(key: string, url: string, from: string, to: string, timeout: number, after: number[]) {
  return { key, context: "parent", changes: { [url]: [from, to] as [string, string] }, timeout, after };
}

/** A node as the server lists it. */
export function summary(name: string, fields: Partial<NodeSummaryShape> = {}): NodeSummaryShape {
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
export function change(name: string, fields: Partial<NodeChangeShape> = {}): NodeChangeShape {
  return {
    id: `id-of-${name}`,
    name,
    created: false,
    differences: [{ url: "/physState", from: "POWER_OFF", to: "POWER_ON" }],
    plan: bringUp,
    ...fields,
  };
}

/** Nodes with the same plan. */
export function group(nodeset: string, count: number, plan: PlanShape, fields: Partial<GroupShape> = {}): GroupShape {
  const { ok, suspended } = plan.ok ? plan : { ok: false, suspended: [] };
  const steps = plan.ok ? plan.steps : [];
  const summary = plan.ok ? `${steps.length} steps; about 1 min` : `no plan: ${plan.reason}`;
  return { nodeset, count, ok, summary, steps, suspended, ...fields };
}

/** What the server says of changes. */
export function answer(changes: readonly NodeChangeShape[], groups: readonly GroupShape[] = []): ChangesShape {
  return { changes: [...changes], groups: [...groups] };
}

/** An explanation of a node that needs nothing. */
export function explanation(name: string, fields: Partial<ExplanationShape> = {}): ExplanationShape {
  return {
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
