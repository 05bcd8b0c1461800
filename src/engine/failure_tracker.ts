import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import { bindUrl, valueIn } from "../state/mod.ts";
import { durationText } from "../toolkit/mod.ts";
import { isFailure } from "./checkpoint.ts";
import { type Draft, log, remember } from "./draft.ts";
import { afterFailure, afterSuccess, type FailureRecord, review, type StepFailure } from "./failure_record.ts";
import { describeStepFailure } from "./messages.ts";
import type { EngineNode } from "./node.ts";
import { progressOf } from "./progress.ts";
import { withEntry, withoutEntry } from "./record.ts";

/** Records a `failure` of `step` in the decision `draft`. */
export function noteFailure(draft: Draft, step: Step, failure: StepFailure): void {
  const { record, rules: { options }, now } = draft;
  // Earlier successes may be needed again because of this failure: one event counts once.
  for (const key of record.failures.keys()) expectAgain(draft, key);
  const failed = afterFailure(record.failures.get(step.key), step, failure, now.now, now.chance, options);
  track(draft, failed);
  remember(draft);
  log(draft, "failed", step.key, describeStepFailure(failed, now.now, options));
  if (failed.held) log(draft, "stuck", step.key, failed.reason);
  showHold(draft, new Map());
  const reason = failure.outside === true ? undefined : failure.summary ?? failure.message;
  draft.commands.push({ kind: "countFailure", mutation: step.key, reason });
}

/** Records a success of `step` in `draft`. {@link reviewFailures} decides later whether it has lasted. */
export function noteSuccess(draft: Draft, step: Step): void {
  track(draft, afterSuccess(draft.record.failures.get(step.key), step, draft.now.now));
  draft.commands.push({ kind: "countSuccess", mutation: step.key });
}

/**
 * Withdraws the success of the mutation `key`, because the plan in `draft` undoes it and needs the mutation again: that
 * is not a relapse.
 */
export function expectAgain(draft: Draft, key: MutationKey): void {
  const known = draft.record.failures.get(key);
  if (known !== undefined) track(draft, { ...known, reachedAt: undefined });
}

/**
 * Clears failures whose success has lasted, and counts successes that have not lasted and are needed again as failures.
 *
 * @param draft The decision in progress.
 * @param node The node.
 * @param plan Its plan.
 * @param needed The steps of the plan, by mutation.
 */
export function reviewFailures(
  draft: Draft,
  node: EngineNode,
  plan: Plan,
  needed: ReadonlyMap<MutationKey, Step>,
): void {
  const { record, rules: { options: { settle } }, now } = draft;
  const { schema } = node.planner.domain;
  const atGoal = plan.ok && plan.steps.length === 0;
  for (const key of newestFirst(record.failures)) {
    const failure = record.failures.get(key);
    if (failure === undefined) continue;
    const step = needed.get(key) ?? failure.step;
    const reached = atGoal || (step !== undefined && progressOf(step, schema, node.view) === "done");
    const result = review(failure, needed.get(key), reached, now.now, settle);
    switch (result.kind) {
      case "keep":
        track(draft, result.failure);
        break;
      case "forget":
        forgive(draft, failure, `Its effect has lasted ${durationText(settle)}`);
        break;
      case "relapsed":
        if (step === undefined) break;
        if (isConsequence(step, node)) expectAgain(draft, step.key);
        else noteFailure(draft, step, { message: "Did not last", retry: true });
        break;
      default:
        result satisfies never;
    }
  }
  showHold(draft, needed);
}

/** Clears all failures of the node of `draft`, and logs `why` for those that were held. */
export function forgiveAll(draft: Draft, why: string): void {
  for (const failure of [...draft.record.failures.values()]) forgive(draft, failure, why);
  showHold(draft, new Map());
}

/** Clears the failures of one mutation. */
function forgive(draft: Draft, failure: FailureRecord, why: string): void {
  draft.record.failures = withoutEntry(draft.record.failures, failure.key);
  if (isFailure(failure)) remember(draft);
  if (failure.held) log(draft, "unstuck", failure.key, why);
}

/**
 * Shows one held mutation as long as it is held, then the next. One that the plan needs comes first: an aggregator does not wait
 * for a step that the agent shows as given up, and waits in vain for one that it does not show.
 */
function showHold({ record, commands }: Draft, needed: ReadonlyMap<MutationKey, Step>): void {
  const held = [...record.failures.values()].filter((failure) => failure.held);
  const inTheWay = held.filter(({ key }) => needed.has(key));
  const candidates = inTheWay.length > 0 ? inTheWay : held;
  const [first] = candidates;
  if (first?.key === record.shown || candidates.some(({ key }) => key === record.shown)) return;
  record.shown = first?.key;
  if (first === undefined) return void commands.push({ kind: "hold", stuck: undefined });
  const { key: mutation, reason, attempts } = first;
  commands.push({ kind: "hold", stuck: { mutation, reason, target: record.target, attempts } });
}

function track({ record }: Draft, failure: FailureRecord): void {
  record.failures = withEntry(record.failures, failure.key, failure);
}

/**
 * Tells whether the effect of a step was lost only because it can no longer be known. Then the step that made it
 * unknown is to blame: a service has not failed because its node went down.
 */
function isConsequence(step: Step, node: EngineNode): boolean {
  const { schema, conditions } = node.planner.domain;
  return Object.keys(step.changes).every((url) => {
    const found = schema.find(url);
    if (found === undefined || node.view.has(url)) return false;
    const condition = conditions.get(found.pattern) ?? {};
    return Object.entries(condition).some(([other, value]) =>
      valueIn(schema, node.view, bindUrl(other, found.bindings)) !== value
    );
  });
}

/** Sorts the latest success first: of several successes that are lost at once, that is the one that did not last. */
function newestFirst(failures: ReadonlyMap<MutationKey, FailureRecord>): MutationKey[] {
  return [...failures.values()].sort((a, b) => (b.reachedAt ?? 0) - (a.reachedAt ?? 0)).map(({ key }) => key);
}
