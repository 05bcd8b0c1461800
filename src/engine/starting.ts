import type { Plan, Step } from "../plan/mod.ts";
import { disruptionPrepared, isDisruptive, isInSync } from "./disruption.ts";
import type { InvariantRefusal } from "./blocker.ts";
import { type Draft, log, remember, setWaits } from "./draft.ts";
import { begin } from "./execution.ts";
import { describeBlocker } from "./messages.ts";
import type { EngineNode, Out } from "./node.ts";
import { NO_WAITS, type Wait } from "./record.ts";
import type { RunnableSteps } from "./runnable.ts";

/**
 * Starts every step of `runnable` that no rule refuses; the others wait.
 *
 * @param draft The decision in progress.
 * @param node The node.
 * @param plan Its plan.
 */
export function startRunnable(draft: Draft, node: EngineNode, plan: Plan, runnable: RunnableSteps): void {
  let waits: Wait[] | undefined;
  for (const step of runnable.steps) {
    if (draft.record.executions.has(step.key)) continue;
    const wait = admit(draft, node, step, plan.ok ? plan.steps : []);
    if (wait === undefined) {
      begin(draft, node, step, plan);
      continue;
    }
    tellRefusal(draft, wait);
    waits ??= [];
    waits.push(wait);
  }
  setWaits(draft, waits ?? NO_WAITS);
}

/**
 * Takes what a step needs to start. @returns What it waits for otherwise: its own turn, or that of the step it
 * prepares.
 */
function admit(draft: Draft, node: EngineNode, step: Step, steps: readonly Step[]): Wait | undefined {
  const { record, rules } = draft;
  const prepared = disruptionPrepared(steps, step, node);
  if (step.context !== rules.role) {
    if (prepared === undefined || record.approved?.key === prepared.key) return undefined;
    const refusal = take(draft, node, prepared);
    if (refusal !== undefined) return { step: prepared, refusal };
    record.approved = prepared;
    return undefined;
  }
  if (prepared !== undefined && node.view.get("/approval") !== prepared.key) {
    return { step, refusal: { kind: "approval", mutation: prepared.key } };
  }
  const unreturned = unreturnedIn(draft, step) ?? rules.unreturnedOf(record.id, step.key);
  if (unreturned !== undefined) return { step, refusal: { kind: "unreturned", ...unreturned } };
  const refusal = take(draft, node, step);
  return refusal && { step, refusal };
}

/** Finds a handler that this decision ends and that has not been told yet. */
function unreturnedIn({ commands, rules, now }: Draft, { key }: Step) {
  for (const command of commands) {
    if (command.kind !== "end" || command.execution.step.key !== key) continue;
    const { id, isOurs, hasReturned } = command.execution;
    if (isOurs && !hasReturned) return { execution: id, until: now.now + rules.options.grace };
  }
  return undefined;
}

/** Takes places of limits and invariants, and records what the step is about to do to its node. */
function take(draft: Draft, node: EngineNode, step: Step): InvariantRefusal | undefined {
  const { record, rules, now, commands } = draft;
  const disrupts = isDisruptive(step, node);
  if (disrupts && !now.isWritable) return { kind: "store" };
  if (record.approved?.key !== step.key) { // an approved step has its places
    const taken = commands.flatMap((command) => command.kind === "acquire" ? [command.step] : []);
    const { id, out, unhealthy } = record;
    const refusal = rules.refusalOf({ id, node, step, out, unhealthy, taken });
    if (refusal !== undefined) return refusal;
    commands.push({ kind: "acquire", step, out });
  }
  if (disrupts) takeOut(draft, node);
  return undefined;
}

/** Records that a disruptive step is about to start. */
function takeOut(draft: Draft, node: EngineNode): void {
  const out = outAfter(draft.record.out, node);
  if (out === draft.record.out) return;
  draft.record.out = out;
  remember(draft, true);
}

/**
 * Returns what has been done to `node` once a disruptive step has started.
 *
 * @param out What had been done before.
 */
export function outAfter(out: Out, node: EngineNode): Out {
  return (out === "NO" || out === "CUT") && !isInSync(node) ? "CUT" : "TAKEN";
}

/** Logs, once, that an invariant forbids a step. */
function tellRefusal(draft: Draft, { step, refusal }: Wait): void {
  if (refusal.kind !== "invariant") return;
  const before = draft.record.waits.find((wait) => wait.step.key === step.key)?.refusal;
  if (before?.kind === "invariant" && before.invariant === refusal.invariant) return;
  log(draft, "refused", step.key, describeBlocker(refusal, draft.now.now));
}

/**
 * Sets the approval for the step that the agent may prepare, and clears it when it is no longer needed.
 *
 * @param draft The decision in progress.
 * @param node The node.
 * @param steps The remaining steps.
 */
export function tellApproval(draft: Draft, node: EngineNode, steps: readonly Step[]): void {
  const { record, rules, commands } = draft;
  if (rules.role !== "parent") return;
  const { approved } = record;
  const isUsed = approved !== undefined &&
    [...record.executions.values()].some(({ step }) =>
      step.key === approved.key || disruptionPrepared(steps, step, node)?.key === approved.key
    );
  if (approved !== undefined && !isUsed) {
    record.approved = undefined;
    commands.push({ kind: "release", mutation: approved.key });
  }
  const mutation = record.approved?.key;
  if (node.view.get("/approval") !== mutation) commands.push({ kind: "approve", mutation });
}
