/** The JSON of the HTTP interface, as types, and how each is made. */
import type { EngineStatus, Late } from "../../src/engine/mod.ts";
import { describeNoPlan, type NoPlan, type Plan, type Step, type SuspendedGoal } from "../../src/plan/mod.ts";
import { type Nested, toNested, type Value, versionText } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { NodeDetail, NodeSummary } from "../control/detail.ts";
import type { ToTime } from "./time.ts";

/** The way from what is to what is wanted, or why there is none. */
export type PlanJson = {
  readonly ok: true;
  /** In an order that works. `after` has the places of the steps that each waits for; times are in milliseconds. */
  readonly steps: readonly Step[];
  /** The disruption of all steps. */
  readonly cost: number;
  /** Milliseconds that the steps are expected to take, side by side where they can be. */
  readonly duration: number;
  /** Goals that can't be pursued while another one is. */
  readonly suspended: readonly SuspendedGoal[];
} | {
  readonly ok: false;
  /** In words. */
  readonly reason: string;
  /** The same as data. */
  readonly noPlan: NoPlan;
  readonly suspended: readonly SuspendedGoal[];
};

/** Since when something takes longer than it is expected to, and what. */
export interface LateJson {
  /** ISO 8601. */
  readonly since: string;
  readonly why: string;
}

/** One node in a list. */
export interface SummaryJson extends Omit<NodeSummary, "late"> {
  readonly late?: LateJson;
}

/** What the engine is doing with a node. Times are ISO 8601. */
export interface EngineJson extends Omit<EngineStatus, "running" | "retryAt" | "late"> {
  readonly running: readonly (Omit<EngineStatus["running"][number], "since"> & { readonly since: string })[];
  readonly retryAt?: string;
  readonly late?: LateJson;
}

/** Everything about one node. */
export interface NodeJson extends SummaryJson {
  /** The version of its cfg, `assignment.run.rev`: between quotes it is the entity tag. */
  readonly version: string;
  readonly cfg: Nested;
  readonly dsc: Nested;
  readonly engine: EngineJson;
}

/** What a change of one node's cfg does, or would do. */
export interface ChangeJson {
  readonly id: string;
  readonly name: string;
  readonly created: boolean;
  /** A value that is not set before or after is left out. */
  readonly differences: readonly { readonly url: string; readonly from?: Value; readonly to?: Value }[];
  readonly plan: PlanJson;
  /** Why nothing is done for it whatever its plan says: no aggregator serves it, say. Absent where something is. */
  readonly note?: string;
  /** The version of its cfg after the change, `assignment.run.rev`. */
  readonly version: string;
  /** What was accepted, but does not do what it looks like. Absent without any. */
  readonly warnings?: readonly string[];
}

/** See {@link PlanJson}. */
export function presentPlan(plan: Plan): PlanJson {
  if (plan.ok) return plan;
  return { ok: false, reason: describeNoPlan(plan.reason), noPlan: plan.reason, suspended: plan.suspended };
}

/** See {@link LateJson}. */
export function presentLate({ since, why }: Late, toTime: ToTime): LateJson {
  return { since: toTime(since), why };
}

/** See {@link SummaryJson}. */
export function presentSummary(node: NodeSummary, toTime: ToTime): SummaryJson {
  const { id, name, kind, platform, parent, physState, runState, link, phase, reason, late, stale } = node;
  return {
    ...{ id, name, kind, platform, parent, physState, runState, link, phase, reason },
    ...(late !== undefined && { late: presentLate(late, toTime) }),
    ...(stale !== undefined && { stale }),
  };
}

/** See {@link EngineJson}. */
export function presentEngine(status: EngineStatus, toTime: ToTime): EngineJson {
  const { running, retryAt, late, ...rest } = status;
  return {
    ...rest,
    running: running.map((each) => ({ ...each, since: toTime(each.since) })),
    ...(retryAt !== undefined && { retryAt: toTime(retryAt) }),
    ...(late !== undefined && { late: presentLate(late, toTime) }),
  };
}

/** See {@link NodeJson}. */
export function presentNode(node: NodeDetail, toTime: ToTime): NodeJson {
  return {
    ...presentSummary(node, toTime),
    version: versionText(node.version),
    cfg: toNested(node.cfg),
    dsc: toNested(node.dsc),
    engine: presentEngine(node.engine, toTime),
  };
}

/** See {@link ChangeJson}. */
export function presentChange(change: NodeChange): ChangeJson {
  const differences = change.differences.map(({ url, from, to }) => ({
    url,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }));
  const { after: _, ...rest } = change;
  return { ...rest, differences, plan: presentPlan(change.plan), version: versionText(change.version) };
}
