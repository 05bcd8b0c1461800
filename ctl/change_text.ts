import { cleanText, type Style } from "../src/cli/mod.ts";
import { describeGroups } from "./group_text.ts";
import { countOf, groupByKey } from "./grouping.ts";
import { showValue } from "./plan_text.ts";
import type { ChangesInfo, NodeChangeInfo } from "../src/api/mod.ts";

/**
 * Changes in words: what is set on which nodes, then the plans that follow from it, then a summary. Nodes with the same
 * change, or the same plan, are shown once.
 */
export function describeChanges({ changes = [], groups }: ChangesInfo, dryRun: boolean, style: Style): string[] {
  const changed = changes.filter(isChange);
  const kindOf = (change: NodeChangeInfo) => JSON.stringify([change.created, valuesOf(change), change.warnings]);
  const lines = groupByKey(changed, ({ name }) => name, kindOf).flatMap(({ nodeset, shared }) => [
    `${style.bold(cleanText(nodeset))}: ${shared.created ? style.green("created") : style.yellow("changed")}`,
    ...valuesOf(shared).map((difference) => cleanText(`  ${describeDifference(difference)}`)),
    ...(shared.warnings ?? []).map((warning) => style.yellow(cleanText(`  warning: ${warning}`))),
  ]);
  if (changed.length > 0) lines.push("", "Plans:", ...describeGroups(groups, style), "");
  return [...lines, summarize(changes, dryRun)];
}

function isChange({ created, differences }: NodeChangeInfo): boolean {
  return created || differences.length > 0;
}

/** A new node's name is no news, and tells it from others that are made alike. */
function valuesOf({ created, differences }: NodeChangeInfo): NodeChangeInfo["differences"] {
  return created ? differences.filter(({ url }) => url !== "/name") : differences;
}

function describeDifference({ url, from, to }: NodeChangeInfo["differences"][number]): string {
  if (to === undefined || to === null) return `${url}: ${showValue(from)} -> unset`;
  return from === undefined || from === null
    ? `${url}: ${showValue(to)}`
    : `${url}: ${showValue(from)} -> ${showValue(to)}`;
}

function summarize(changes: readonly NodeChangeInfo[], dryRun: boolean): string {
  const created = changes.filter((change) => change.created).length;
  const changed = changes.filter(isChange).length - created;
  const unchanged = changes.length - created - changed;
  const pathless = changes.filter(({ plan }) => !plan.ok).length;
  const counts = [`${created} created`, `${changed} changed`, `${unchanged} unchanged`];
  if (pathless > 0) counts.push(`${pathless} without a plan`);
  return `${countOf(changes.length, "node")}: ${counts.join(", ")}${dryRun ? " (dry run: nothing was changed)" : ""}`;
}
