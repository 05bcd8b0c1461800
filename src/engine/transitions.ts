import type { Sighting } from "../reports.ts";
import { disruptionPrepared } from "./approval.ts";
import { restoreFailure } from "./checkpoint.ts";
import type { Command, Decision } from "./command.ts";
import { beginDraft, concludeDraft, type Draft, keep, log, remember, waitFor } from "./draft.ts";
import { abort, complete, disturb, end, executionOf, isDone } from "./execution.ts";
import { restoreStuck } from "./failure_record.ts";
import { forgiveAll, noteFailure } from "./failure_tracker.ts";
import type { Checkpoint, Stuck } from "./host.ts";
import type { EngineNode } from "./node.ts";
import { createRecord, type Execution, type NodeRecord, type Wait, withEntry } from "./record.ts";
import type { Moment, Rules } from "./rules.ts";
import type { Failure } from "./failure.ts";
import { lateFailure } from "./verdict.ts";

/**
 * What is known of a node that is seen for the first time, with what an earlier run of this program has kept of it: it goes on
 * with its backoffs and with what was given up, unless the node's target is another one by now.
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
 * Ends an execution whose handler was rejected, or whose time is over.
 *
 * @param node The node as it is now; undefined when it is gone.
 */
export function fail(
  record: NodeRecord,
  node: EngineNode | undefined,
  execution: Execution,
  failure: Failure,
  rules: Rules,
  now: Moment,
): Decision {
  const current = executionOf(record, execution);
  if (current === undefined) return keep(record); // it has ended otherwise
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "look" }); // also when what is discovered below is there already
  const { step, isOurs } = current;
  if (node !== undefined && isDone(step, node)) {
    complete(draft, current); // seen just now, and not looked at yet
    return concludeDraft(draft);
  }
  disturb(draft, current);
  end(draft, current, failure.message);
  noteFailure(draft, step, failure);
  if (isOurs && failure.unavailable !== true && failure.blameless !== true) {
    for (const [url, value] of Object.entries(step.failTo)) draft.commands.push({ kind: "discover", url, value });
  }
  return concludeDraft(draft);
}

/** Ends an execution whose time is over, unless its agent can't be heard: that may have done it, and gets its time anew. */
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
    return fail(record, node, current, lateFailure(current, now.now), rules, now);
  }
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "extend", execution: current });
  return concludeDraft(draft);
}

/** Whether it takes a node's agent to see that a step is done: its power alone is seen without one. */
function isShownByAgent({ step: { context, changes } }: Execution): boolean {
  return context === "self" || Object.keys(changes).some((url) => url !== "/physState");
}

/** Notes what a handler has seen last. */
export function sight(record: NodeRecord, execution: Execution, sighting: Sighting, now: number): NodeRecord {
  return withExecution(record, execution, { seen: { ...sighting, at: now } });
}

/** Notes that a handler has returned. */
export function returned(record: NodeRecord, execution: Execution): NodeRecord {
  return withExecution(record, execution, { hasReturned: true });
}

function withExecution(record: NodeRecord, execution: Execution, change: Partial<Execution>): NodeRecord {
  const current = executionOf(record, execution);
  if (current === undefined) return record;
  return { ...record, executions: withEntry(record.executions, current.step.key, { ...current, ...change }) };
}

/** Forgets all failures of a node, so that what was given up is tried again. */
export function forgive(record: NodeRecord, why: string, rules: Rules, now: Moment): Decision {
  const draft = beginDraft(record, rules, now);
  draft.record.atRest = undefined;
  forgiveAll(draft, why);
  draft.commands.push({ kind: "look" });
  return concludeDraft(draft);
}

/** Ends everything of a node that the engine lets go of. */
export function endAll(record: NodeRecord, why: string, rules: Rules, now: Moment): Decision {
  const draft = beginDraft(record, rules, now);
  draft.commands.push({ kind: "lookAt", at: undefined });
  for (const execution of [...record.executions.values()]) abort(draft, execution, why);
  if (record.approved !== undefined) draft.commands.push({ kind: "release", mutation: record.approved.key });
  return concludeDraft(draft);
}

/**
 * Takes back what was to begin, as it could not be written down first.
 *
 * @param rest The commands of a decision that were to follow the writing.
 * @returns A decision with what of these is to be done all the same.
 */
export function withdraw(
  record: NodeRecord,
  node: EngineNode,
  rest: readonly Command[],
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
  waitFor(draft, waits);
  return concludeDraft(draft);
}

function remove({ record }: Draft, { step }: Execution): void {
  record.executions = new Map([...record.executions].filter(([key]) => key !== step.key));
}

/** Tells whether a command begins one of these mutations, says so, or rests on them. */
function isAbout(command: Command, mutations: ReadonlySet<string>): boolean {
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
