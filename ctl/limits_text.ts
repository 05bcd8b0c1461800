import { cleanText, type Column, renderTable, type Style } from "../src/cli/mod.ts";
import { countOf } from "./grouping.ts";
import { showValue } from "./plan_text.ts";
import type { LimitsInfo } from "../src/api/mod.ts";

/** The most nodes of a queue that are named. */
const MAX_NAMED = 5;

/** Limits and invariants with who waits at them, the rules as they are set, and what is held for the whole fleet. */
export function describeLimits(limits: LimitsInfo, style: Style, width: number | undefined): string[] {
  const columns: Column[] = ["NAME", "KIND", "GROUP", "IN USE", "AT MOST", "A SECOND", "WAITING", "QUEUE"].map((
    title,
  ) => ({
    title,
  }));
  const rows = [
    ...limits.limits.map((each) => ({ ...each, kind: "limit", inUse: each.inFlight, perSecond: each.perSecond })),
    ...limits.invariants.map((each) => ({ ...each, inUse: each.count, perSecond: undefined })),
  ].map(({ name, kind, group, inUse, atMost, perSecond, waiting, queue }) => [
    name,
    kind,
    group,
    String(inUse),
    String(atMost ?? ""),
    String(perSecond ?? ""),
    String(waiting),
    [...queue.slice(0, MAX_NAMED).map(({ node }) => node), ...(waiting > MAX_NAMED ? ["..."] : [])].join(" "),
  ]);
  const rules = Object.entries(limits.rules).flatMap(([kind, named]) =>
    Object.entries(named).map(([name, rule]) => cleanText(`  /${kind}/${name}=${showValue(rule)}`))
  );
  return [
    ...(rules.length === 0 ? ["No limits and no invariants are set"] : [style.bold("Rules"), ...rules]),
    ...(rows.length === 0 ? [] : ["", ...renderTable(columns, rows, { width, titlePaint: style.bold })]),
    ...(limits.holds.length === 0
      ? []
      : ["", style.bold("Held for the whole fleet"), ...describeHolds(limits.holds, style)]),
  ];
}

/** What is held for the whole fleet, and why. */
export function describeHolds(holds: LimitsInfo["holds"], style: Style): string[] {
  return holds.map(({ mutation, nodes, reason, since }) =>
    `  ${style.red(cleanText(mutation))}${
      cleanText(
        ` since ${since}: failed on ${countOf(nodes.length, "node")} in a row (${
          [...nodes.slice(0, MAX_NAMED), ...(nodes.length > MAX_NAMED ? ["..."] : [])].join(", ")
        }), last: ${reason}`,
      )
    }`
  );
}
