/** The JSON of the HTTP interface, as types, and how each is made. */
import type { EngineStatus } from "../../src/engine/mod.ts";
import { describeNoPlan, type NoPlan, type Plan, type Step, type SuspendedGoal } from "../../src/plan/mod.ts";
import { type Nested, toNested, type Value } from "../../src/state/mod.ts";
import type { NodeChange, NodeDetail, NodeSummary } from "../control.ts";

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

/** Everything about one node. */
export interface NodeJson extends NodeSummary {
  /** The version of its cfg, `term.rev`: between quotes it is the entity tag. */
  readonly version: string;
  readonly cfg: Nested;
  readonly dsc: Nested;
  readonly engine: EngineStatus;
}

/** What a change of one node's cfg does, or would do. */
export interface ChangeJson {
  readonly id: string;
  readonly name: string;
  readonly created: boolean;
  /** A value that is not set before or after is left out. */
  readonly differences: readonly { readonly url: string; readonly from?: Value; readonly to?: Value }[];
  readonly plan: PlanJson;
  /** The version of its cfg after the change, `term.rev`. */
  readonly version: string;
}

/** See {@link PlanJson}. */
export function presentPlan(plan: Plan): PlanJson {
  if (plan.ok) return plan;
  return { ok: false, reason: describeNoPlan(plan.reason), noPlan: plan.reason, suspended: plan.suspended };
}

/** See {@link NodeJson}. */
export function presentNode(node: NodeDetail): NodeJson {
  return { ...node, version: node.version.join("."), cfg: toNested(node.cfg), dsc: toNested(node.dsc) };
}

/** See {@link ChangeJson}. */
export function presentChange(change: NodeChange): ChangeJson {
  const differences = change.differences.map(({ url, from, to }) => ({
    url,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }));
  return { ...change, differences, plan: presentPlan(change.plan), version: change.version.join(".") };
}
