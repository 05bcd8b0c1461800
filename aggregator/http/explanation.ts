/** The JSON of an explanation, and how it is made. */
import type { BlockerInfo, ExplainedStepInfo, ExplanationInfo, StartInfo, StepStateInfo } from "../../src/api/mod.ts";
import type { Blocker } from "../../src/engine/mod.ts";
import { describeNoPlan, scheduleOf, type Step } from "../../src/plan/mod.ts";
import type { NodeExplanation, NodeStepState } from "../control/node_explanation.ts";
import { presentLate } from "./present.ts";
import type { ToTime } from "./time.ts";

/** Presents a {@link ExplanationInfo}. */
export function presentExplanation(
  node: Pick<ExplanationInfo, "id" | "name" | "isHypothetical" | "servedAt">,
  explanation: NodeExplanation,
  about: (step: Step) => string,
  toTime: ToTime,
): ExplanationInfo {
  const { phase, steps, noPlan, late, goals, suspended, agent } = explanation;
  return {
    ...node,
    at: toTime(explanation.now),
    phase,
    why: whyOf(explanation),
    goals,
    steps: steps.map(({ step, state }) => presentStep(step, presentState(state, toTime), about(step))),
    ...(noPlan === undefined
      ? { expectedMs: remaining(explanation) }
      : { noPlan: { reason: describeNoPlan(noPlan), ...noPlan } }),
    suspended,
    ...(late !== undefined && { late: presentLate(late, toTime) }),
    ...(agent !== undefined && { agent: withSince(agent, toTime) }),
  };
}

/** Presents a {@link StartInfo}. */
export function presentStarts(states: readonly NodeStepState[], toTime: ToTime): StartInfo[] {
  return states.flatMap((state, step) => {
    const startsAtOnce = state.kind === "ready" || (state.kind === "awaited" && state.since === undefined);
    return startsAtOnce || state.kind === "after" ? [] : [{ step, state: presentState(state, toTime) }];
  });
}

function presentStep(step: Step, state: StepStateInfo, about: string): ExplainedStepInfo {
  const { key, context, changes, disruption, timeout, after, duration } = step;
  return { key, about, context, changes, disruption, expectedMs: duration, timeout, after, state };
}

function whyOf({ phase, reason, noPlan, steps, agent, frozen }: NodeExplanation): string {
  if (noPlan !== undefined) return describeNoPlan(noPlan);
  if (steps.length === 0 && phase === "converged") return "Needs nothing: at its goal";
  if (phase === "frozen") return describeFrozen(steps, reason ?? WHO_FROZE[frozen ?? "node"]);
  if (reason !== undefined) return reason;
  if (agent !== undefined) return `Its agent gave up on ${agent.mutation}: ${agent.reason}`;
  const active = steps.find(({ state }) => state.kind === "running" || state.kind === "awaited");
  if (active === undefined) return "It starts when the node is looked at next";
  const words = active.state.kind === "running" ? active.state.words : undefined;
  return `${active.step.key} is at work${words === undefined ? "" : `: ${words}`}`;
}

const WHO_FROZE = {
  node: "The node is frozen",
  everything: "Everything is frozen",
  moved: "The node may still be in other hands",
} as const;

/** Says who froze a node, and what comes next after a thaw. */
function describeFrozen(steps: NodeExplanation["steps"], by: string): string {
  const next = steps.flatMap(({ step, state }) => state.kind === "frozen" && state.next ? [step.key] : []);
  return `${by}: nothing starts before a thaw${next.length === 0 ? "" : `, then ${next.join(" and ")}`}`;
}

/** The critical path of what is left: steps at work count with what is left of them. */
function remaining({ steps, now }: NodeExplanation): number {
  const left = steps.map(({ step, state }) => {
    const since = state.kind === "running" || state.kind === "awaited" ? state.since : undefined;
    return { after: step.after, duration: Math.max(0, step.duration - (since === undefined ? 0 : now - since)) };
  });
  return Math.round(scheduleOf(left).duration);
}

function presentState(state: NodeStepState, toTime: ToTime): StepStateInfo {
  switch (state.kind) {
    case "running":
      return { ...state, since: toTime(state.since), until: toTime(state.until) };
    case "awaited": {
      const { since, until, ...rest } = state;
      return {
        ...rest,
        ...(since !== undefined && { since: toTime(since) }),
        ...(until !== undefined && { until: toTime(until) }),
      };
    }
    case "backoff":
      return { ...state, until: toTime(state.until) };
    case "held": {
      const { since, attempts, reason, fleet } = state;
      return { kind: "held", by: fleet ? "fleet" : "aggregator", since: toTime(since), attempts, reason };
    }
    case "agent-held": {
      const { since, attempts, reason } = state;
      return { kind: "held", by: "agent", ...(since !== undefined && { since: toTime(since) }), attempts, reason };
    }
    case "waiting":
      return { ...state, blocker: presentBlocker(state.blocker, toTime) };
    case "after":
    case "frozen":
    case "pointless":
    case "ready":
      return state;
    default:
      return state satisfies never;
  }
}

function presentBlocker(blocker: Blocker, toTime: ToTime): BlockerInfo {
  switch (blocker.kind) {
    case "limit":
    case "count":
      return { ...blocker, since: toTime(blocker.since) };
    case "unreturned":
      return { ...blocker, until: toTime(blocker.until) };
    case "turn":
    case "store":
    case "approval":
    case "invariant":
      return blocker;
    default:
      return blocker satisfies never;
  }
}

function withSince<T extends { readonly since?: number }>(
  value: T,
  toTime: ToTime,
): Omit<T, "since"> & { readonly since?: string } {
  const { since, ...rest } = value;
  return { ...rest, ...(since !== undefined && { since: toTime(since) }) };
}
