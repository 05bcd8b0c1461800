import type { Plan, Step } from "../plan/mod.ts";
import { disruptionPrepared } from "./approval.ts";
import type { Decision } from "./command.ts";
import type { EngineStatus, Explanation, StepState } from "./explanation.ts";
import type { FailureRecord } from "./failure_record.ts";
import { describeBlocker } from "./messages.ts";
import type { EngineNode, Role } from "./node.ts";
import { type NodeRecord, type Wait } from "./record.ts";
import type { FindBlocker } from "./status.ts";

/** A decision about a node, and what an explanation of it is made from. */
export interface Decided {
  readonly node: EngineNode;
  /** What was known of the node before. */
  readonly before: NodeRecord;
  readonly decision: Decision;
  readonly role: Role;
  readonly find: FindBlocker;
  /** Clock milliseconds. */
  readonly now: number;
}

/**
 * Explains what a decision does about each step of a plan.
 *
 * @param decided For a node that is frozen: the decision as if it were not.
 */
export function explain(decided: Decided, frozen: EngineNode["frozen"], status: EngineStatus): Explanation {
  const { node, decision: { record }, now } = decided;
  const plan: Plan = record.plan ?? node.planner.plan(node);
  const steps = plan.ok ? plan.steps : [];
  const { phase, reason, late } = status;
  return {
    phase,
    ...(reason !== undefined && { reason }),
    ...(late !== undefined && { late }),
    now,
    steps: steps.map((step) => {
      const state = stateOf(decided, step, steps);
      return { step, state: frozen === "no" ? state : whileFrozen(state, frozen) };
    }),
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

/** Says how a step is while its node is frozen: what runs goes on, and nothing else starts. */
function whileFrozen(state: StepState, by: Exclude<EngineNode["frozen"], "no">): StepState {
  switch (state.kind) {
    case "running":
    case "after":
      return state;
    case "awaited":
      return state.since === undefined ? { kind: "frozen", by, next: true } : state;
    default:
      return { kind: "frozen", by, next: state.kind === "ready" };
  }
}

function stateOf(decided: Decided, step: Step, steps: readonly Step[]): StepState {
  const { node, decision: { record }, role, find, now } = decided;
  const other = role === "parent" ? "agent" : "parent";
  const running = runningState(decided, step);
  if (running !== undefined) return running;
  const failure = failureOf(record, step);
  if (failure !== undefined) return failureState(failure, now);
  if (step.after.length > 0) {
    return { kind: "after", steps: step.after.flatMap((place) => steps[place]?.key ?? []) };
  }
  if (role === "self" && step.context === "parent") return { kind: "awaited", of: other };
  const wait = waitOf(record, step) ?? waitOf(record, disruptionPrepared(steps, step, node));
  if (wait !== undefined) {
    const blocker = find(record, wait);
    return { kind: "waiting", blocker, words: describeBlocker(blocker, now) };
  }
  const isRunnable = record.runnable?.steps.some(({ key }) => key === step.key) === true;
  return isRunnable || record.runnable === undefined ? { kind: "ready" } : { kind: "pointless" };
}

/** How a step is that runs, or that the decision begins. */
function runningState({ before, decision, role }: Decided, { key }: Step): StepState | undefined {
  const execution = decision.record.executions.get(key);
  if (execution === undefined) return undefined;
  const { since, id, isOurs, seen, step } = execution;
  const isNew = before.executions.get(key)?.id !== id;
  const until = since + step.timeout;
  if (!isOurs) return { kind: "awaited", of: role === "parent" ? "agent" : "parent", ...(!isNew && { since, until }) };
  if (isNew) return { kind: "ready" };
  return { kind: "running", since, until, execution: id, ...(seen !== undefined && { words: seen.words }) };
}

function failureOf({ runnable }: NodeRecord, step: Step): FailureRecord | undefined {
  if (runnable === undefined) return undefined;
  return [...runnable.held, ...runnable.waiting].find(({ key }) => key === step.key);
}

function failureState(failure: FailureRecord, now: number): StepState {
  const { attempts, reason, retryAt, held, heldSince: since = now, fleet = false } = failure;
  return held
    ? { kind: "held", since, attempts, reason, fleet }
    : { kind: "backoff", until: retryAt, attempts, reason };
}

function waitOf({ waits }: NodeRecord, step: Step | undefined): Wait | undefined {
  return waits.find((wait) => wait.step.key === step?.key);
}
