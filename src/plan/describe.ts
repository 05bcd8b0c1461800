import type { Value } from "../state/mod.ts";
import { listOf } from "./constants.ts";
import { quote } from "./explain.ts";
import type { Lack, NoPlan, Plan, Step } from "./plan.ts";

/**
 * Describes why there is no plan in one sentence for people: for events, the CLI and a node's status.
 *
 * @param reason The reason, from {@link Plan}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { describeNoPlan } from "../src/plan/mod.ts";
 *
 * const text = describeNoPlan({ kind: "unreachable", url: "/physState", value: "POWER_ON", achievers: [] });
 * assert.equal(text, "Cannot reach /physState 'POWER_ON': no mutation leads to it");
 * ```
 */
export function describeNoPlan(reason: NoPlan): string {
  switch (reason.kind) {
    case "unreachable": {
      const value = `${reason.url} ${quote(reason.value)}`;
      if (reason.achievers.length === 0) return `Cannot reach ${value}: no mutation leads to it`;
      const given = describeGiven(reason.achievers);
      if (given !== undefined) return `Cannot reach ${value}: ${given}`;
      const ways = reason.achievers.filter(({ forOthers }) => forOthers !== true)
        .map(({ key, lacks }) => `${key}: ${lacks.map(({ words }) => words).join(", ")}`);
      return `Cannot reach ${value} (${ways.join("; ")})`;
    }
    case "conflict": {
      const goals = reason.goals.map(({ url, value }) => `${url} ${quote(value)}`);
      return `Cannot reach ${goals.join(" and ")} at once, though each can be reached alone`;
    }
    case "bound":
      return `Cannot find a plan within ${describeBound(reason)}: change fewer goals at once`;
    case "searching":
      return "The search for a plan takes longer than usual and goes on: ask again in a moment";
    default:
      return reason satisfies never;
  }
}

/** The one cfg value on which all mutations fail, and the values that would help: `/platform is 'x', expected 'a' or 'b'`. */
function describeGiven(achievers: readonly Lack[]): string | undefined {
  const given = achievers.map(({ lacks }) => lacks.find((lack) => lack.kind === "constant" && lack.given === true));
  const [first] = given;
  if (achievers.length < 2 || first?.kind !== "constant") return undefined;
  const needs = new Set<Value>();
  for (const lack of given) {
    if (lack?.kind !== "constant" || lack.url !== first.url) return undefined;
    needs.add(lack.needs);
  }
  const is = first.is === undefined ? "not set" : quote(first.is);
  return `${first.url} is ${is}, expected ${listOf([...needs].sort())}`;
}

function describeBound({ bound, limit }: Extract<NoPlan, { readonly kind: "bound" }>): string {
  switch (bound) {
    case "states":
      return `${limit} states`;
    case "bytes":
      return `${Math.round(limit / 2 ** 20)} MiB of memory`;
    case "ms":
      return `${limit / 1000} s`;
    default:
      return bound satisfies never;
  }
}

/**
 * Describes a plan for people, one line a step, such as `1. join/level (parent): /runState INIT -> SYNC, after 2`,
 * then one line for each suspended goal. Steps are numbered from 1.
 *
 * @param plan The plan; where there is none, the first line says why.
 */
export function describePlanSteps(plan: Plan): string[] {
  const steps = plan.ok ? plan.steps.map(describeStep) : [describeNoPlan(plan.reason)];
  const suspended = plan.suspended.map(({ url, value, because }) =>
    `${url} ${quote(value)} gives way to ${because.url} ${quote(because.value)}`
  );
  return [...steps, ...suspended];
}

function describeStep(step: Step, place: number): string {
  const changes = Object.entries(step.changes).map(([url, [from, to]]) => `${url} ${from} -> ${to}`);
  const after = step.after.length === 0 ? "" : `, after ${step.after.map((earlier) => earlier + 1).join(" and ")}`;
  return `${place + 1}. ${step.key} (${step.context}): ${changes.join(", ")}${after}`;
}
