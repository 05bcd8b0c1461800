import type { Plan, Step } from "../plan/mod.ts";
import { isDisruptive } from "./disruption.ts";
import { type Draft, log } from "./draft.ts";
import { noteSuccess } from "./failure_tracker.ts";
import type { Outcome } from "./host.ts";
import { describeReached, describeStart } from "./messages.ts";
import type { EngineNode } from "./node.ts";
import { progressOf } from "./progress.ts";
import { type Execution, type NodeRecord, withEntry, withoutEntry } from "./record.ts";

/**
 * Begins `step` of `plan` on `node`: runs it if it belongs to this program's context, otherwise awaits it.
 *
 * @param draft The decision in progress.
 */
export function begin(draft: Draft, node: EngineNode, step: Step, plan: Plan): void {
  const { record, rules: { role, run }, now } = draft;
  const isOurs = step.context === role;
  const execution: Execution = {
    step,
    id: `${run}-${now.begun + ++draft.begun}`,
    since: now.now,
    isOurs,
    disruptive: isOurs && isDisruptive(step, node),
    hasReturned: false,
    seen: undefined,
  };
  record.executions = withEntry(record.executions, step.key, execution);
  record.worked = true;
  const attempts = record.failures.get(step.key)?.attempts ?? 0;
  const why = describeStart(step, node, plan) +
    (attempts === 0 ? "" : `; failed ${attempts} ${attempts === 1 ? "time" : "times"} before`);
  log(draft, !isOurs ? "awaited" : attempts === 0 ? "started" : "retry", step.key, why);
  draft.commands.push(isOurs ? { kind: "start", execution, again: attempts > 0 } : { kind: "await", execution });
}

/** Completes the executions of `draft` that are done by the discovered values of `node`. @returns Their steps. */
export function completeDone(draft: Draft, node: EngineNode): Step[] {
  const done = [...draft.record.executions.values()].filter(({ step }) => isDone(step, node));
  for (const execution of done) complete(draft, execution);
  return done.map(({ step }) => step);
}

/** Tells whether `step` is done by the discovered values of `node`. */
export function isDone(step: Step, node: EngineNode): boolean {
  return progressOf(step, node.planner.domain.schema, node.view) === "done";
}

/** Ends `execution` of `draft` as a success. */
export function complete(draft: Draft, execution: Execution): void {
  log(draft, "done", execution.step.key, describeReached(execution.step));
  end(draft, execution, "done", "It is done");
  noteSuccess(draft, execution.step);
}

/** Ends `execution` of `draft` because it is no longer wanted, and logs `why`. */
export function abort(draft: Draft, execution: Execution, why: string): void {
  disturb(draft, execution);
  log(draft, "aborted", execution.step.key, why);
  end(draft, execution, "aborted", why);
}

/** Records that a step that was broken off may have been carried out. */
export function disturb({ record, rules, now }: Draft, { disruptive }: Execution): void {
  if (disruptive) record.disturbedUntil = now.now + rules.options.grace;
}

/** Removes `execution` from the record, whatever its outcome, and tells its handler `why`. */
export function end({ record, commands }: Draft, execution: Execution, outcome: Outcome, why: string): void {
  record.executions = withoutEntry(record.executions, execution.step.key);
  commands.push({ kind: "end", execution, outcome, why });
}

/** Finds an execution in `record` by its id. It may have ended, and its mutation may be running again. */
export function executionOf(record: NodeRecord, { id, step }: Pick<Execution, "id" | "step">): Execution | undefined {
  const found = record.executions.get(step.key);
  return found?.id === id ? found : undefined;
}
