import { cleanText, formatDuration, renderTable, type Style } from "../src/cli/mod.ts";
import { countOf, groupByKey } from "./grouping.ts";
import type { PlanShape, StepShape, SuspendedShape } from "./shapes.ts";

/** A plan of one node. */
export interface NamedPlan {
  readonly name: string;
  readonly plan: PlanShape;
  /** Why nothing is done for it whatever the plan says. */
  readonly note?: string;
}

/** Plans in words: nodes with the same plan are shown once, as a folded nodeset. */
export function describePlans(plans: readonly NamedPlan[], style: Style): string[] {
  return groupByKey(plans, ({ name }) => name, ({ plan, note }) => JSON.stringify([plan, note]))
    .flatMap(({ nodeset, shared }) => describePlan(nodeset, shared, style));
}

function describePlan(nodeset: string, { plan, note }: NamedPlan, style: Style): string[] {
  const title = style.bold(cleanText(nodeset));
  const because = note === undefined ? "" : `: ${cleanText(note)}`;
  if (!plan.ok) return [`${title}: ${style.red("no plan")}: ${cleanText(plan.reason)}${because}`];
  const suspended = describeSuspended(plan.suspended);
  if (plan.steps.length === 0) return [`${title}: nothing to do${because}`, ...suspended];
  return [`${title}: ${countOf(plan.steps.length, "step")}${because}`, ...describeSteps(plan.steps), ...suspended];
}

/** Goals that give way to others, a line each. */
export function describeSuspended(suspended: readonly SuspendedShape[]): string[] {
  return suspended.map(({ url, value, because }) =>
    cleanText(`  suspended: ${url}=${showValue(value)} while ${because.url}=${showValue(because.value)} is wanted`)
  );
}

/**
 * The steps of a plan, a line each.
 *
 * @param starts How steps start that come after no other, by their places, where it is not at once.
 */
export function describeSteps(steps: readonly StepShape[], starts: ReadonlyMap<number, string> = new Map()): string[] {
  const rows = steps.map((step, index) => [
    `  ${index + 1}.`,
    step.key,
    `(${step.context})`,
    Object.entries(step.changes).map(([url, [from, to]]) => `${url} ${from} -> ${to}`).join(", "),
    step.after.length === 0
      ? cleanText(starts.get(index) ?? "starts now")
      : `waits for ${step.after.map((place) => place + 1).join(" and ")}`,
    `within ${formatDuration(step.timeout)}`,
  ]);
  const columns = rows[0]?.map(() => ({ title: "" })) ?? [];
  return renderTable(columns, rows).slice(1);
}

/** A value as one types it: texts without quotes, everything else as JSON. */
export function showValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "unset";
}
