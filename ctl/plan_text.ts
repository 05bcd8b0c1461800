import { cleanText, renderTable, type Style } from "../src/cli/mod.ts";
import { formatDuration } from "../src/toolkit/mod.ts";
import { countOf, groupByKey } from "./grouping.ts";
import type { PlanInfo, PlanStep, StartInfo, SuspendedGoalInfo } from "../src/api/mod.ts";
import { stateKey } from "./step_text.ts";

/** A plan of one node. */
export interface NamedPlan {
  readonly name: string;
  readonly plan: PlanInfo;
  /** Why Kraken leaves the node alone whatever the plan says. */
  readonly note?: string;
  /** Who froze it. */
  readonly frozen?: string;
  readonly starts?: readonly StartInfo[];
}

/** Plans in words: nodes with the same plan are shown once, as a folded nodeset. */
export function describePlans(plans: readonly NamedPlan[], style: Style): string[] {
  return groupByKey(plans, ({ name }) => name, keyOf)
    .flatMap(({ nodeset, shared }) => describePlan(nodeset, shared, style));
}

/** Names a plan and how it starts, without times and places in queues. */
function keyOf({ plan, note, frozen, starts = [] }: NamedPlan): string {
  return JSON.stringify([plan, note, frozen, starts.map(({ step, state }) => [step, stateKey(state)])]);
}

function describePlan(nodeset: string, named: NamedPlan, style: Style): string[] {
  const { plan, note, frozen, starts = [] } = named;
  const title = style.bold(cleanText(nodeset));
  const because = note === undefined ? "" : `: ${cleanText(note)}`;
  if (!plan.ok) return [`${title}: ${style.red("no plan")}: ${cleanText(plan.reason)}${because}`];
  const suspended = describeSuspended(plan.suspended);
  if (plan.steps.length === 0) return [`${title}: nothing to do${because}`, ...suspended];
  const thaw = frozen === undefined ? "" : style.yellow(`, ${describeFreeze(frozen)}: nothing starts before a thaw`);
  return [
    `${title}: ${countOf(plan.steps.length, "step")}${thaw}${because}`,
    ...describeSteps(plan.steps, startsOf(starts)),
    ...suspended,
  ];
}

/** How steps start that do not start at once, by their places in the plan. */
export function startsOf(starts: readonly StartInfo[]): Map<number, string> {
  return new Map(starts.map(({ step, state }) => [step, describeStart(state)]));
}

function describeStart(state: StartInfo["state"]): string {
  switch (state.kind) {
    case "running":
      return "runs";
    case "awaited":
      return "its agent runs it";
    case "backoff":
      return "tries again after a failure";
    case "held":
      return state.by === "fleet" ? "held for the whole fleet" : "given up";
    case "pointless":
      return "not started, as it only prepares what is held up";
    case "frozen":
      return state.next ? "starts after a thaw" : "frozen";
    case "waiting":
      return state.words;
    case "after":
    case "ready":
      return state.kind;
    default:
      return state satisfies never;
  }
}

/** Says who froze a node. */
function describeFreeze(by: string): string {
  switch (by) {
    case "everything":
      return "frozen with everything";
    case "moved":
      return "frozen until it joins here or its last aggregator has released it";
    default:
      return "frozen";
  }
}

/** Goals that give way to others, a line each. */
export function describeSuspended(suspended: readonly SuspendedGoalInfo[]): string[] {
  return suspended.map(({ url, value, because }) =>
    cleanText(`  suspended: ${url}=${showValue(value)} while ${because.url}=${showValue(because.value)} is wanted`)
  );
}

/**
 * The steps of a plan, a line each.
 *
 * @param starts How steps start that come after no other, by their places, where it is not at once.
 * @param otherwise How the others of them start.
 */
export function describeSteps(
  steps: readonly PlanStep[],
  starts: ReadonlyMap<number, string> = new Map(),
  otherwise = "starts now",
): string[] {
  const rows = steps.map((step, index) => [
    `  ${index + 1}.`,
    step.key,
    `(${step.context})`,
    Object.entries(step.changes).map(([url, [from, to]]) => `${url} ${from} -> ${to}`).join(", "),
    step.after.length === 0
      ? cleanText(starts.get(index) ?? otherwise)
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
