import type { MutationKey, Plan, Question, Step } from "../plan/mod.ts";
import type { Decision } from "./command.ts";
import { isInSync } from "./disruption.ts";
import { beginDraft, concludeDraft, type Draft, keep, log, lookAt, remember, setWaits } from "./draft.ts";
import { timeDwells } from "./dwell.ts";
import { abort, completeDone } from "./execution.ts";
import type { FailureRecord } from "./failure_record.ts";
import { expectAgain, forgiveAll, noteFailure, reviewFailures } from "./failure_tracker.ts";
import type { Stuck } from "./host.ts";
import type { EngineNode, Out, Role } from "./node.ts";
import { isPlanSearching, openQuestion, planOn, takePlan } from "./planning.ts";
import { reachesGoal } from "./progress.ts";
import { NO_WAITS, type NodeRecord } from "./record.ts";
import type { Moment, Rules } from "./rules.ts";
import { findRunnable } from "./runnable.ts";
import { startRunnable, tellApproval } from "./starting.ts";
import { readStuck } from "./stuck.ts";

/**
 * Decides what to do next for a node: completes executions that are done, aborts those that the plan does not need, and
 * starts steps that are ready. A pure function: it reads its arguments, changes none of them, and always returns a
 * decision.
 *
 * @param record What the engine knows about the node from earlier decisions.
 * @param node The node as it is now.
 * @param rules Limits, invariants and options that apply now.
 * @param now The present time, with a random number for backoffs.
 * @returns The node's next record, the commands to carry out, and the steps that wait.
 */
export function decide(record: NodeRecord, node: EngineNode, rules: Rules, now: Moment): Decision {
  if (isAtRest(record, node)) return keep(record);
  const first = record.executions.size === 0 ? node.planner.plan(node) : undefined;
  const question = first === undefined ? openQuestion(record, node) : isPlanSearching(first) ? node : undefined;
  const draft = beginDraft(record, rules, now);
  draft.record.atRest = undefined;
  // While a plan is being searched for, executions continue, and the engine starts and concludes nothing.
  if (question !== undefined) return search(draft, question);
  const edited = noticeEdit(draft, node);
  const done = completeDone(draft, node);
  if (node.frozen !== "no") return decideFrozen(draft, record, node, first);
  const { plan, question: asked, cut } = first === undefined
    ? planOn(draft, node, edited)
    : { plan: first, question: node, cut: [] };
  if (isPlanSearching(plan)) return search(draft, asked);
  takePlan(draft, plan);
  learn(draft, node, plan, done, edited ? [] : cut);
  assess(draft, node, plan);
  const atGoal = plan.ok && plan.steps.length === 0;
  draft.record.dwells = atGoal ? undefined : timeDwells(record.dwells, node, plan, now.now);
  abortGivenUp(draft, node);
  runSteps(draft, node, plan);
  tellRules(draft, record);
  lookAt(draft, nextLook(draft.record, now.now));
  if (atGoal) rest(draft, node);
  return concludeDraft(draft);
}

/** Tells whether `record` needs no decision: nothing was left to do, and `node` has not changed since. */
export function isAtRest({ atRest }: NodeRecord, node: EngineNode): boolean {
  return atRest !== undefined && isSame(atRest, node);
}

/** Tells whether a node has not changed. A source returns the same objects until it changes. */
function isSame(before: EngineNode, now: EngineNode): boolean {
  return before.view === now.view && before.cfg === now.cfg && before.planner === now.planner &&
    before.target === now.target && before.frozen === now.frozen && before.frozenWhy === now.frozenWhy &&
    before.name === now.name;
}

function search(draft: Draft, question: Question): Decision {
  if (!draft.record.searching) {
    draft.record.searching = true;
    draft.commands.push({ kind: "search", question });
  }
  return concludeDraft(draft);
}

/** Handles a change of cfg. @returns True if the node has another target. */
function noticeEdit(draft: Draft, node: EngineNode): boolean {
  const { record } = draft;
  record.name = node.name;
  record.frozen = node.frozen;
  record.frozenWhy = node.frozenWhy;
  if (record.target === node.target) return false;
  record.target = node.target;
  forgiveAll(draft, "Its cfg has changed");
  return true;
}

/**
 * Starts nothing on a frozen node. Executions continue, except those awaited from an agent that may be at another
 * aggregator.
 */
function decideFrozen(draft: Draft, before: NodeRecord, node: EngineNode, first: Plan | undefined): Decision {
  const { record } = draft;
  if (node.frozen === "moved") {
    for (const execution of [...record.executions.values()]) {
      if (!execution.isOurs) abort(draft, execution, "Its agent may still be at another aggregator");
    }
  }
  record.plan = undefined;
  record.runnable = undefined;
  record.dwells = undefined;
  setWaits(draft, NO_WAITS);
  tellApproval(draft, node, []);
  const plan = first ?? node.planner.plan(node);
  if (!isPlanSearching(plan)) assess(draft, node, plan);
  tellRules(draft, before);
  lookAt(draft, undefined);
  return concludeDraft(draft);
}

/**
 * Records what the new plan implies for executions that have ended. One that the world interrupted has failed if it is
 * still needed.
 */
function learn(draft: Draft, node: EngineNode, plan: Plan, done: readonly Step[], cut: readonly Step[]): void {
  if (done.length === 0 && cut.length === 0 && draft.record.failures.size === 0) return;
  const needed = new Map(plan.ok ? plan.steps.map((step) => [step.key, step]) : []);
  for (const { key } of done) if (needed.has(key)) expectAgain(draft, key);
  for (const { key } of cut) {
    const step = needed.get(key);
    if (step === undefined) continue;
    noteFailure(draft, step, { message: "Was interrupted by a change", retry: true, outside: true });
  }
  reviewFailures(draft, node, plan, needed);
}

/** Records the state of the node before anything starts on it. */
function assess(draft: Draft, node: EngineNode, plan: Plan): void {
  const { record, now } = draft;
  const atGoal = plan.ok && plan.steps.length === 0;
  const isDisturbed = now.now < record.disturbedUntil || record.approved !== undefined ||
    [...record.executions.values()].some(({ disruptive }) => disruptive);
  const reached = atGoal ? node.target : record.reached;
  const out = isDisturbed ? record.out : outNow(record.out, isInSync(node), atGoal);
  if (record.reached !== reached || record.out !== out) {
    record.reached = reached;
    record.out = out;
    remember(draft);
  }
  record.unhealthy = !atGoal && reached === node.target;
}

/** Determines what has been done to a node, at a look when no disruptive execution is running. */
function outNow(out: Out, inSync: boolean, atGoal: boolean): Out {
  if (inSync || (atGoal && out === "CUT")) return "NO";
  return atGoal && out === "TAKEN" ? "AWAY" : out;
}

/** Ends executions that were awaited from an agent that has given them up. */
function abortGivenUp(draft: Draft, node: EngineNode): void {
  for (const execution of [...draft.record.executions.values()]) {
    const given = givenUpByAgent(draft.rules.role, node, execution.step);
    if (given !== undefined) abort(draft, execution, `Its agent gave up: ${given.reason}`);
  }
}

/** A parent does not wait for a step that the agent has given up. */
function givenUpByAgent(role: Role, node: EngineNode, step: Step): Stuck | undefined {
  if (role !== "parent" || step.context !== "self") return undefined;
  const stuck = readStuck(node.view.get("/stuck/self"));
  return stuck?.mutation === step.key ? stuck : undefined;
}

function runSteps(draft: Draft, node: EngineNode, plan: Plan): void {
  const { record, rules, now } = draft;
  const steps = plan.ok ? plan.steps : [];
  // A parent supervises what its child runs, but a child does not supervise its parent.
  const concerns = (step: Step) => rules.role === "parent" || step.context === "self";
  const failures = failuresOf(draft, node, steps);
  const runnable = findRunnable(steps, concerns, (step) => reachesGoal(step, node), failures, now.now);
  record.runnable = runnable;
  startRunnable(draft, node, plan, runnable);
  tellApproval(draft, node, steps);
}

/** Collects what has failed on this node and what is held for the whole fleet. Executions continue regardless. */
function failuresOf(
  { record, rules, now }: Draft,
  node: EngineNode,
  steps: readonly Step[],
): ReadonlyMap<MutationKey, FailureRecord> {
  let failures: Map<MutationKey, FailureRecord> | undefined;
  function holdBack(step: Step, about: Pick<FailureRecord, "attempts" | "reason" | "heldSince" | "fleet">): void {
    failures ??= new Map(record.failures);
    failures.set(step.key, { ...about, key: step.key, step, retryAt: 0, held: true, reachedAt: undefined });
  }
  for (const step of steps) {
    if (record.executions.has(step.key) || record.failures.get(step.key)?.held === true) continue;
    const given = givenUpByAgent(rules.role, node, step);
    if (given !== undefined) {
      holdBack(step, { attempts: given.attempts, reason: `Its agent: ${given.reason}`, heldSince: now.now });
      continue;
    }
    const hold = rules.holdOf(step.key, node);
    if (hold === undefined) continue;
    holdBack(step, { attempts: hold.nodes.length, reason: hold.reason, heldSince: hold.since, fleet: true });
  }
  return failures ?? record.failures;
}

/** Tells limits and invariants the state of the node, if it has changed for them. */
function tellRules({ record, commands }: Draft, before: NodeRecord): void {
  const { out, unhealthy } = record;
  if (out === "NO" && before.out === "NO" && unhealthy === before.unhealthy) return;
  commands.push({ kind: "assess", out, unhealthy });
}

/** Returns the time of the next look that is due even if nothing happens. */
function nextLook({ runnable, out, disturbedUntil }: NodeRecord, now: number): number | undefined {
  const ahead = [runnable?.retryAt ?? 0, out === "NO" ? 0 : disturbedUntil].filter((time) => time > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/**
 * Handles a node with nothing left to do: logs that once, and marks the record as at rest if nothing has to be
 * remembered.
 */
function rest(draft: Draft, node: EngineNode): void {
  const { record } = draft;
  if (record.executions.size === 0 && record.failures.size === 0 && record.out === "NO") record.atRest = node;
  if (!record.worked) return;
  record.worked = false;
  log(draft, "converged", undefined, "All goals are reached");
}
