import { cleanText, formatDuration, renderTable, type Style } from "../src/cli/mod.ts";
import { countOf, groupByKey } from "./grouping.ts";
import type { PlanShape } from "./shapes.ts";

/** A plan of one node. */
export interface NamedPlan {
  readonly name: string;
  readonly plan: PlanShape;
}

/** Plans in words: nodes with the same plan are shown once, as a folded nodeset. */
export function describePlans(plans: readonly NamedPlan[], style: Style): string[] {
  return groupByKey(plans, ({ name }) => name, ({ plan }) => JSON.stringify(plan))
    .flatMap(({ nodeset, shared }) => describePlan(nodeset, shared.plan, style));
}

function describePlan(nodeset: string, plan: PlanShape, style: Style): string[] {
  const title = style.bold(cleanText(nodeset));
  if (!plan.ok) return [`${title}: ${style.red("no plan")}: ${cleanText(plan.reason)}`];
  const suspended = plan.suspended.map(({ url, value, because }) =>
    cleanText(`  suspended: ${url}=${showValue(value)} while ${because.url}=${showValue(because.value)} is wanted`)
  );
  if (plan.steps.length === 0) return [`${title}: nothing to do`, ...suspended];
  const rows = plan.steps.map((step, index) => [
    `  ${index + 1}.`,
    step.key,
    `(${step.context})`,
    Object.entries(step.changes).map(([url, [from, to]]) => `${url} ${from} -> ${to}`).join(", "),
    step.after.length === 0 ? "starts now" : `waits for ${step.after.map((place) => place + 1).join(" and ")}`,
    `within ${formatDuration(step.timeout)}`,
  ]);
  const columns = rows[0]?.map(() => ({ title: "" })) ?? [];
  return [
    `${title}: ${countOf(plan.steps.length, "step")}`,
    ...renderTable(columns, rows).slice(1),
    ...suspended,
  ];
}

/** A value as one types it: texts without quotes, everything else as JSON. */
export function showValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "unset";
}
