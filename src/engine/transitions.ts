import type { Sighting } from "../reports.ts";
import { disruptionPrepared } from "./disruption.ts";
import { restoreFailure } from "./checkpoint.ts";
import type { Decision, EngineCommand } from "./command.ts";
import { beginDraft, concludeDraft, type Draft, keep, log, remember, setWaits } from "./draft.ts";
import { abort, complete, disturb, end, executionOf, isDone } from "./execution.ts";
import { restoreStuck, type StepFailure } from "./failure_record.ts";
import { forgiveAll, noteFailure } from "./failure_tracker.ts";
import type { Checkpoint, Stuck } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { createRecord, type Execution, type NodeRecord, type Wait, withEntry } from "./record.ts";
import type { Moment, Rules } from "./rules.ts";
import { lateFailure } from "./verdict.ts";

/**
 * Creates the record of a node at its first look, with what an earlier run of this program has stored. Backoffs and
 * holds continue, unless the node has another target by now.
 *
 * @param id The node's id.
 * @param node The node.
 * @param kept What the earlier run has stored.
 * @param rules The rules.
 * @param now The present time.
 */
export function meet(
  id: string,
  node: EngineNode,
  kept: { readonly checkpoint: Checkpoint | undefined; readonly stuck: Stuck | undefined },
  rules: Rules,
  now: Moment,
): Decision {
  const made = createRecord(id, node, kept.checkpoint);
  const { stuck, checkpoint } = kept;
  const failed = checkpoint?.failed;
  if (stuck === undefined && failed === undefined) return keep(made);
  const draft = beginDraft(made, rules, now);
  const { record, commands } = draft;
  if (failed?.target === record.target) {
    for (const each of failed.mutations) {
      const failure = restoreFailure(each, now, rules.options.backoffCap);
      record.failures = withEntry(record.failures, failure.key, failure);
    }
  } else if (failed !== undefined) remember(draft);
  if (stuck === undefined) return concludeDraft(draft);
  if (stuck.target === record.target) {
    record.shown = stuck.mutation;
    if (!record.failures.has(stuck.mutation)) {
      record.failures = withEntry(record.failures, stuck.mutation, restoreStuck(stuck, now.now));
    }
  } else {
    commands.push({ kind: "hold", stuck: undefined });
    log(draft, "unstuck", stuck.mutation, "Its cfg has changed since it was given up");
  }
  return concludeDraft(draft);
}

/**
 * Ends an execution whose handler has rejected, or whose time is over.
 *
 * @param record The node's record.
 * @param node The node as it is now; undefined if it no longer exists.
 * @param execution The execution.
 * @param failure The reason.
 * @param rules The rules.
 * @param now The present time.
 */
export function failExecution(
  record: NodeRecord,
  node: EngineNode | undefined,
  execution: Execution,
  failure: StepFailure,
  rules: Rules,
  now: Moment,
): Decision {
  const current = executionOf(record, execution);
  if (current === undefined) return keep(record); // it has ended in another way
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "look" }); // even if the discovered values of `failTo` are already there
  const { step, isOurs } = current;
  if (node !== undefined && isDone(step, node)) {
    complete(draft, current); // its effect has been seen, and the node has not been looked at yet
    return concludeDraft(draft);
  }
  disturb(draft, current);
  end(draft, current, "failed", failure.message);
  noteFailure(draft, step, failure);
  if (isOurs && failure.unavailable !== true && failure.blameless !== true) {
    for (const [url, value] of Object.entries(step.failTo)) draft.commands.push({ kind: "discover", url, value });
  }
  return concludeDraft(draft);
}

/**
 * Ends an execution whose time is over. If its agent cannot be heard, the agent may have done it: the time starts
 * again.
 *
 * @param record The node's record.
 * @param node The node.
 * @param execution The execution.
 * @param rules The rules.
 * @param now The present time.
 */
export function expire(
  record: NodeRecord,
  node: EngineNode | undefined,
  execution: Execution,
  rules: Rules,
  now: Moment,
): Decision {
  const current = executionOf(record, execution);
  if (current === undefined) return keep(record);
  if (!now.isDeaf || !isShownByAgent(current)) {
    return failExecution(record, node, current, lateFailure(current, now.now), rules, now);
  }
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "extend", execution: current });
  return concludeDraft(draft);
}

/** Tells whether only the node's agent can show that a step is done; the power state is seen without it. */
function isShownByAgent({ step: { context, changes } }: Execution): boolean {
  return context === "self" || Object.keys(changes).some((url) => url !== "/physState");
}

/**
 * Records in `record` what the handler of `execution` last saw.
 *
 * @param sighting What it saw.
 * @param now Clock milliseconds.
 */
export function sight(record: NodeRecord, execution: Execution, sighting: Sighting, now: number): NodeRecord {
  return withExecution(record, execution, { seen: { ...sighting, at: now } });
}

/** Records in `record` that the handler of `execution` has returned. */
export function returned(record: NodeRecord, execution: Execution): NodeRecord {
  return withExecution(record, execution, { hasReturned: true });
}

function withExecution(record: NodeRecord, execution: Execution, change: Partial<Execution>): NodeRecord {
  const current = executionOf(record, execution);
  if (current === undefined) return record;
  return { ...record, executions: withEntry(record.executions, current.step.key, { ...current, ...change }) };
}

/**
 * Clears all failures of a node, so that what was given up is tried again.
 *
 * @param record The node's record.
 * @param why The reason, for the log.
 * @param rules The rules.
 * @param now The present time.
 */
export function forgive(record: NodeRecord, why: string, rules: Rules, now: Moment): Decision {
  const draft = beginDraft(record, rules, now);
  draft.record.atRest = undefined;
  forgiveAll(draft, why);
  draft.commands.push({ kind: "look" });
  return concludeDraft(draft);
}

/**
 * Ends everything of a node that the engine no longer serves.
 *
 * @param record The node's record.
 * @param why The reason, for the handlers.
 * @param rules The rules.
 * @param now The present time.
 */
export function endAll(record: NodeRecord, why: string, rules: Rules, now: Moment): Decision {
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "lookAt", at: undefined });
  for (const execution of [...record.executions.values()]) abort(draft, execution, why);
  if (record.approved !== undefined) draft.commands.push({ kind: "release", mutation: record.approved.key });
  return concludeDraft(draft);
}

/**
 * Cancels what was about to start, because the checkpoint could not be stored first.
 *
 * @param record The node's record.
 * @param node The node.
 * @param rest The commands of the decision that were to follow the checkpoint.
 * @param rules The rules.
 * @param now The present time.
 * @returns A decision with the commands that are still to be carried out.
 */
export function withdraw(
  record: NodeRecord,
  node: EngineNode,
  rest: readonly EngineCommand[],
  rules: Rules,
  now: Moment,
): Decision {
  const draft = beginDraft(record, rules, now);
  const steps = record.plan?.ok === true ? record.plan.steps : [];
  const withdrawn = rest.flatMap((command) => {
    if (command.kind !== "start" && command.kind !== "await") return [];
    const { execution } = command;
    const disruptive = execution.disruptive ? execution.step : disruptionPrepared(steps, execution.step, node);
    return disruptive === undefined ? [] : [{ execution, disruptive }];
  });
  const waits: Wait[] = [...record.waits];
  for (const { execution, disruptive } of withdrawn) {
    draft.commands.push({ kind: "release", mutation: disruptive.key });
    remove(draft, execution);
    if (record.approved?.key === disruptive.key) draft.record.approved = undefined;
    if (waits.every(({ step }) => step.key !== disruptive.key)) {
      waits.push({ step: disruptive, refusal: { kind: "store" } });
    }
  }
  const dropped = new Set(withdrawn.map(({ execution }) => execution.step.key));
  draft.commands.push(...rest.filter((command) => !isAbout(command, dropped)));
  setWaits(draft, waits);
  return concludeDraft(draft);
}

function remove({ record }: Draft, { step }: Execution): void {
  record.executions = new Map([...record.executions].filter(([key]) => key !== step.key));
}

/** Tells whether a command starts one of these mutations, announces it, or depends on it. */
function isAbout(command: EngineCommand, mutations: ReadonlySet<string>): boolean {
  switch (command.kind) {
    case "start":
    case "await":
      return mutations.has(command.execution.step.key);
    case "log": {
      const { kind, mutation = "" } = command.event;
      return (kind === "started" || kind === "awaited" || kind === "retry") && mutations.has(mutation);
    }
    default:
      return command.kind === "wait" || command.kind === "approve";
  }
}
