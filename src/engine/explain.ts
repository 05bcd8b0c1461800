import type { Plan, Step } from "../plan/mod.ts";
import { disruptionPrepared } from "./disruption.ts";
import type { Decision } from "./command.ts";
import { decide } from "./decide.ts";
import type { Explanation, StepState } from "./explanation.ts";
import type { FailureRecord } from "./failure_record.ts";
import { describeBlocker } from "./messages.ts";
import type { EngineNode, Freeze } from "./node.ts";
import type { NodeRecord, Wait } from "./record.ts";
import type { Moment, Outlook, Rules } from "./rules.ts";
import { engineStatusOf, type FindBlocker } from "./status.ts";

/** A decision about a node that is not carried out. */
export interface Imagined {
  readonly node: EngineNode;
  /** The record before the decision. */
  readonly before: NodeRecord;
  readonly decision: Decision;
  readonly rules: Rules & Outlook;
  /** Clock milliseconds. */
  readonly now: number;
}

/**
 * Decides about `node` without carrying anything out.
 *
 * @param before The node's record.
 * @param node The node, which may be imagined.
 * @param rules The rules, with a view of the queues.
 * @param now The present time.
 */
export function imagine(before: NodeRecord, node: EngineNode, rules: Rules & Outlook, now: Moment): Imagined {
  return { node, before, decision: decide(before, node, rules, now), rules, now: now.now };
}

/** Returns a function that describes in full what the waits of `node` are for, by `outlook`. */
export function blockersOf(node: EngineNode, outlook: Outlook): FindBlocker {
  return ({ id, out, unhealthy }, { step, refusal }) =>
    outlook.blockerOf({ id, node, step, out, unhealthy, taken: [] }, refusal);
}

/** Returns the plan that a decision follows. */
export function planOf({ node, decision: { record } }: Imagined): Plan {
  return (record.searching ? undefined : record.plan) ?? node.planner.plan(node);
}

/**
 * Explains the next decision about `node`: for each step of its plan what the engine does, or why it does nothing.
 *
 * @param before The node's record.
 * @param node The node.
 * @param rules The rules, with a view of the queues.
 * @param now The present time.
 */
export function explain(before: NodeRecord, node: EngineNode, rules: Rules & Outlook, now: Moment): Explanation {
  return explainNext(before, node, rules, now).explanation;
}

/**
 * Explains the next decision about `node`, as {@link explain} does.
 *
 * @param before The node's record.
 * @param node The node.
 * @param rules The rules, with a view of the queues.
 * @param now The present time.
 * @returns The explanation, and the waits of the node, or those that it would have if it were not frozen.
 */
export function explainNext(
  before: NodeRecord,
  node: EngineNode,
  rules: Rules & Outlook,
  now: Moment,
): { readonly explanation: Explanation; readonly waits: readonly Wait[] } {
  const imagined = imagine(before, node, rules, now);
  const { phase, reason, late } = engineStatusOf(imagined.decision.record, blockersOf(node, rules), now.now);
  const { frozen } = node;
  const thawed = frozen === "no" ? imagined : imagine(before, { ...node, frozen: "no" }, rules, now);
  const plan = planOf(thawed);
  const steps = plan.ok ? plan.steps : [];
  const explanation: Explanation = {
    phase,
    ...(reason !== undefined && { reason }),
    ...(late !== undefined && { late }),
    now: now.now,
    ...(frozen !== "no" && { frozen }),
    steps: steps.map((step) => {
      const state = stateOf(thawed, step, steps);
      return { step, state: frozen === "no" ? state : whileFrozen(state, frozen) };
    }),
    plan,
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
  return { explanation, waits: thawed.decision.waits };
}

/** Returns the state of a step while its node is frozen: executions continue, nothing else starts. */
function whileFrozen(state: StepState, by: Exclude<Freeze, "no">): StepState {
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

function stateOf(imagined: Imagined, step: Step, steps: readonly Step[]): StepState {
  const { node, decision: { record }, rules, now } = imagined;
  const running = runningState(imagined, step);
  if (running !== undefined) return running;
  const failure = failureOf(record, step);
  if (failure !== undefined) return failureState(failure, now);
  const wait = waitOf(record, step) ?? waitOf(record, disruptionPrepared(steps, step, node));
  if (wait !== undefined) {
    const blocker = blockersOf(node, rules)(record, wait);
    return { kind: "waiting", blocker, words: describeBlocker(blocker, now) };
  }
  if (step.after.length > 0) {
    return { kind: "after", steps: step.after.flatMap((place) => steps[place]?.key ?? []) };
  }
  if (rules.role === "self" && step.context === "parent") return { kind: "awaited", of: "parent" };
  return { kind: "pointless" };
}

/** Returns the state of a step that is running or that the decision begins. */
function runningState({ before, decision, rules }: Imagined, { key }: Step): StepState | undefined {
  const execution = decision.record.executions.get(key);
  if (execution === undefined) return undefined;
  const { since, id, isOurs, seen, step } = execution;
  const isNew = before.executions.get(key)?.id !== id;
  const until = since + step.timeout;
  const of = rules.role === "parent" ? "agent" : "parent";
  if (!isOurs) return { kind: "awaited", of, ...(!isNew && { since, until }) };
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
