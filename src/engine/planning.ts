import { describeNoPlan, type Plan, type Question, type Step } from "../plan/mod.ts";
import { type Draft, log } from "./draft.ts";
import { abort } from "./execution.ts";
import { describeSurprise } from "./messages.ts";
import type { EngineNode } from "./node.ts";
import { progressOf, withoutProgress } from "./progress.ts";
import type { Execution, NodeRecord } from "./record.ts";

/** A plan, and the steps that were aborted because the plan does not continue them. */
export interface Planned {
  readonly plan: Plan;
  /** The question that the plan answers. */
  readonly question: Question;
  readonly cut: readonly Step[];
}

/** Tells whether `plan` is only a note that the search continues. */
export function isPlanSearching(plan: Plan): boolean {
  return !plan.ok && plan.reason.kind === "searching";
}

/**
 * Finds the unanswered question that must be answered before the engine can decide about `node` with the executions in
 * `record`; undefined if there is none.
 */
export function openQuestion(record: NodeRecord, node: EngineNode): Question | undefined {
  return questionsOf(record, node).find((question) => isPlanSearching(node.planner.plan(question)));
}

/**
 * Lists the questions of a node: one without the progress of executions that are partly done, and one without the
 * executions that are done.
 */
function questionsOf(record: NodeRecord, node: EngineNode): Question[] {
  const { schema } = node.planner.domain;
  const steps = [...record.executions.values()].map(({ step }) => step);
  const partial = steps.filter((step) => progressOf(step, schema, node.view) === "partial");
  const running = { view: withoutProgress(partial, schema, node.view), cfg: node.cfg };
  return steps.some((step) => progressOf(step, schema, node.view) === "done") ? [running, node] : [running];
}

/**
 * Plans for `node`, and aborts the executions that the plan cannot start at once and so does not continue.
 *
 * @param draft The decision in progress.
 * @param edited Whether cfg has changed, for the log.
 * @returns The plan, and the aborted steps.
 */
export function planOn(draft: Draft, node: EngineNode, edited: boolean): Planned {
  const { record } = draft;
  const { schema } = node.planner.domain;
  const cut: Step[] = [];
  function abortAll(executions: readonly Execution[], plan: Plan): void {
    for (const execution of executions) {
      cut.push(execution.step);
      const why = plan.ok ? describeSurprise(execution.step, node, edited) : describeNoPlan(plan.reason);
      abort(draft, execution, why);
    }
  }
  for (;;) {
    const executions = [...record.executions.values()];
    if (executions.length === 0) return { plan: node.planner.plan(node), question: node, cut };
    const partial = executions.filter(({ step }) => progressOf(step, schema, node.view) === "partial");
    const view = withoutProgress(partial.map(({ step }) => step), schema, node.view);
    const question = { view, cfg: node.cfg };
    const plan = node.planner.plan(question);
    if (isPlanSearching(plan)) return { plan, question, cut };
    const wanted = new Set(plan.ok ? plan.steps.filter(({ after }) => after.length === 0).map(({ key }) => key) : []);
    const lost = partial.filter(({ step }) => !wanted.has(step.key));
    abortAll(lost, plan);
    if (lost.length > 0) continue; // without them the plan must start from what is really there
    abortAll(executions.filter(({ step }) => !wanted.has(step.key)), plan);
    return { plan, question, cut };
  }
}

/** Stores `plan` in the record of `draft`, and logs it if it is new. */
export function takePlan(draft: Draft, plan: Plan): void {
  const { record } = draft;
  if (plan !== record.plan) {
    const planned = plan.ok ? plan.steps.map(({ key }) => key).join() : "";
    if (planned !== "" && planned !== record.planned) draft.commands.push({ kind: "countPlan" });
    record.planned = planned;
    record.plan = plan;
  }
  const noPath = plan.ok ? undefined : describeNoPlan(plan.reason);
  if (noPath !== undefined && noPath !== record.noPath) log(draft, "no-path", undefined, noPath);
  record.noPath = noPath;
}
