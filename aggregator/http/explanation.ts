/** The JSON of an explanation, and how it is made. */
import type { Blocker } from "../../src/engine/mod.ts";
import { describeNoPlan, type NoPlan, scheduleOf, type Step, type SuspendedGoal } from "../../src/plan/mod.ts";
import type { NodeExplanation, NodeStepState, OpenGoal } from "../control/node_explanation.ts";
import { type LateJson, presentLate } from "./present.ts";
import type { ToTime } from "./time.ts";

/** A blocker; times are ISO 8601. */
export type BlockerJson = Blocker extends infer O
  ? O extends unknown ? { readonly [K in keyof O]: K extends "since" | "until" ? string : O[K] } : never
  : never;

/** What one step waits for, or that it is at work. Times are ISO 8601. */
export type StepStateJson =
  | {
    readonly kind: "running";
    readonly since: string;
    readonly until: string;
    readonly execution: string;
    /** What it has seen last. */
    readonly words?: string;
  }
  | { readonly kind: "awaited"; readonly of: "agent" | "parent"; readonly since?: string; readonly until?: string }
  | { readonly kind: "after"; readonly steps: readonly string[] }
  | { readonly kind: "backoff"; readonly until: string; readonly attempts: number; readonly reason: string }
  | {
    readonly kind: "held";
    readonly by: "aggregator" | "agent" | "fleet";
    readonly since?: string;
    readonly attempts: number;
    readonly reason: string;
  }
  | { readonly kind: "waiting"; readonly blocker: BlockerJson; readonly words: string }
  | { readonly kind: "frozen"; readonly by: "node" | "everything" | "moved"; readonly next: boolean }
  | { readonly kind: "pointless" | "ready" };

/** How a step is that comes after no other, where it does not start at once. */
export interface StartJson {
  /** The place of the step in the plan. */
  readonly step: number;
  readonly state: StepStateJson;
}

/** One step that is left. */
export interface ExplainedStepJson
  extends Pick<Step, "key" | "context" | "changes" | "disruption" | "timeout" | "after"> {
  /** What it does, for people. */
  readonly about: string;
  /** Milliseconds that it is expected to take. */
  readonly expectedMs: number;
  readonly state: StepStateJson;
}

/** What is done with one node, and why nothing is where nothing is. */
export interface ExplanationJson {
  readonly id: string;
  readonly name: string;
  /** The moment of this answer, ISO 8601: what its times are to be compared with. */
  readonly at: string;
  /** True for the answer to "what if": nothing of it is done. */
  readonly isHypothetical: boolean;
  readonly phase: NodeExplanation["phase"];
  /** In one sentence. */
  readonly why: string;
  /** What it is on its way to. */
  readonly goals: readonly OpenGoal[];
  readonly steps: readonly ExplainedStepJson[];
  /** Milliseconds until all is done, waiting left out; absent without a plan. */
  readonly expectedMs?: number;
  /** Why there is no plan: in words, and as data. */
  readonly noPlan?: { readonly reason: string } & NoPlan;
  /** Goals that give way to others. */
  readonly suspended: readonly SuspendedGoal[];
  readonly late?: LateJson;
  /** The API of the aggregator that serves it, where that is another one: only that one knows of each step what it waits for. */
  readonly servedAt?: string;
  /** What its own agent has given up on. */
  readonly agent?: {
    readonly mutation: string;
    readonly reason: string;
    readonly attempts: number;
    readonly since?: string;
  };
}

/** See {@link ExplanationJson}. */
export function presentExplanation(
  node: Pick<ExplanationJson, "id" | "name" | "isHypothetical" | "servedAt">,
  explanation: NodeExplanation,
  about: (step: Step) => string,
  toTime: ToTime,
): ExplanationJson {
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

/** See {@link StartJson}. */
export function presentStarts(states: readonly NodeStepState[], toTime: ToTime): StartJson[] {
  return states.flatMap((state, step) => {
    const startsAtOnce = state.kind === "ready" || (state.kind === "awaited" && state.since === undefined);
    return startsAtOnce || state.kind === "after" ? [] : [{ step, state: presentState(state, toTime) }];
  });
}

function presentStep(step: Step, state: StepStateJson, about: string): ExplainedStepJson {
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

function presentState(state: NodeStepState, toTime: ToTime): StepStateJson {
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

function presentBlocker(blocker: Blocker, toTime: ToTime): BlockerJson {
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
