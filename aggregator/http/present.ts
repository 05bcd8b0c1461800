/** Makes the resources of the API of what an aggregator knows. */
import type {
  EngineStatusInfo,
  LateInfo,
  NodeChangeInfo,
  NodeDetailInfo,
  NodeSummaryInfo,
  PlanInfo,
  StagedInfo,
} from "../../src/api/mod.ts";
import type { EngineStatus, Late } from "../../src/engine/mod.ts";
import { describeNoPlan, type Plan } from "../../src/plan/mod.ts";
import { toNested, versionText } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { NodeDetail, NodeSummary } from "../control/detail.ts";
import type { Staged } from "../staging/staging.ts";
import type { ToTime } from "./time.ts";

/** Presents a {@link PlanInfo}. */
export function presentPlan(plan: Plan): PlanInfo {
  if (plan.ok) return plan;
  return { ok: false, reason: describeNoPlan(plan.reason), noPlan: plan.reason, suspended: plan.suspended };
}

/** Presents a {@link LateInfo}. */
export function presentLate({ since, why }: Late, toTime: ToTime): LateInfo {
  return { since: toTime(since), why };
}

/** Presents a {@link NodeSummaryInfo}. */
export function presentSummary(node: NodeSummary, toTime: ToTime): NodeSummaryInfo {
  const { id, name, kind, platform, parent, physState, runState, link, phase, reason, late, stale } = node;
  return {
    ...{ id, name, kind, platform, parent, physState, runState, link, phase, reason },
    ...(late !== undefined && { late: presentLate(late, toTime) }),
    ...(stale !== undefined && { stale }),
  };
}

/** Presents a {@link EngineStatusInfo}. */
export function presentEngine(status: EngineStatus, toTime: ToTime): EngineStatusInfo {
  const { running, retryAt, late, ...rest } = status;
  return {
    ...rest,
    running: running.map((each) => ({ ...each, since: toTime(each.since) })),
    ...(retryAt !== undefined && { retryAt: toTime(retryAt) }),
    ...(late !== undefined && { late: presentLate(late, toTime) }),
  };
}

/** Presents a {@link NodeDetailInfo}. */
export function presentNode(node: NodeDetail, staged: Staged | undefined, toTime: ToTime): NodeDetailInfo {
  return {
    ...presentSummary(node, toTime),
    version: versionText(node.version),
    cfg: toNested(node.cfg),
    inherited: Object.fromEntries(node.inherited),
    ...(staged !== undefined && { staged: presentStaged(staged) }),
    dsc: toNested(node.dsc),
    engine: presentEngine(node.engine, toTime),
  };
}

/** Presents a {@link StagedInfo}. */
export function presentStaged({ values, until, since, problem }: Staged): StagedInfo {
  return { values: Object.fromEntries(values), until, since, ...(problem !== undefined && { problem }) };
}

/** Presents a {@link NodeChangeInfo}. */
export function presentChange(change: NodeChange): NodeChangeInfo {
  const differences = change.differences.map(({ url, from, to }) => ({
    url,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }));
  const { after: _, ...rest } = change;
  return { ...rest, differences, plan: presentPlan(change.plan), version: versionText(change.version) };
}
