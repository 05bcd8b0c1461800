import { describeNoPlan, type Plan, type Question, type Step } from "../plan/mod.ts";
import { type Draft, log } from "./draft.ts";
import { abort } from "./execution.ts";
import { describeSurprise } from "./messages.ts";
import type { EngineNode } from "./node.ts";
import { progressOf, withoutProgress } from "./progress.ts";
import type { Execution, NodeRecord } from "./record.ts";

/** A plan, and the steps that were aborted because it does not continue them. */
export interface Planned {
  readonly plan: Plan;
  /** What the plan answers. */
  readonly question: Question;
  readonly cut: readonly Step[];
}

/** Tells whether a plan is still being searched for. */
export function isSearching(plan: Plan): boolean {
  return !plan.ok && plan.reason.kind === "searching";
}

/** Finds the question that has to be answered before a node with executions can be decided about, and still has no answer. */
export function openQuestion(record: NodeRecord, node: EngineNode): Question | undefined {
  return questionsOf(record, node).find((question) => isSearching(node.planner.plan(question)));
}

/** The questions of a node: without the progress of what has come a part of its way, and once all that is done has ended. */
function questionsOf(record: NodeRecord, node: EngineNode): Question[] {
  const { schema } = node.planner.domain;
  const steps = [...record.executions.values()].map(({ step }) => step);
  const partial = steps.filter((step) => progressOf(step, schema, node.view) === "partial");
  const running = { view: withoutProgress(partial, schema, node.view), cfg: node.cfg };
  return steps.some((step) => progressOf(step, schema, node.view) === "done") ? [running, node] : [running];
}

/** Plans, and aborts what the plan does not continue: what it can't start at once. */
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
    if (isSearching(plan)) return { plan, question, cut };
    const wanted = new Set(plan.ok ? plan.steps.filter(({ after }) => after.length === 0).map(({ key }) => key) : []);
    const lost = partial.filter(({ step }) => !wanted.has(step.key));
    abortAll(lost, plan);
    if (lost.length > 0) continue; // without them it is to be planned from what is really there
    abortAll(executions.filter(({ step }) => !wanted.has(step.key)), plan);
    return { plan, question, cut };
  }
}

/** Takes a plan into the record, and tells of it where it is news. */
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
