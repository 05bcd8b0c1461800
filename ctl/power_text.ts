import { type Column, renderTable, type Style } from "../src/cli/mod.ts";
import { groupByKey } from "./grouping.ts";
import type { NodeSummaryInfo } from "../src/api/mod.ts";

/** The power of machines as a table, those that are alike on one line. */
export function describePower(nodes: readonly NodeSummaryInfo[], style: Style, width: number | undefined): string[] {
  const columns: Column[] = [
    { title: "POWER", paint: (cell) => paintOf(cell, style) },
    { title: "COUNT", align: "right" },
    { title: "NODES" },
  ];
  const groups = groupByKey(nodes, ({ name }) => name, powerOf);
  const rows = groups.map(({ nodeset, names, shared }) => [powerOf(shared), String(names.length), nodeset]);
  return renderTable(columns, rows, { width, titlePaint: style.bold });
}

/** What was known last of a node that is not heard of now is said to be so. */
function powerOf({ physState, stale }: NodeSummaryInfo): string {
  return stale === undefined ? physState : `${physState} STALE`;
}

function paintOf(cell: string, style: Style) {
  if (cell === "POWER_ON") return style.green;
  if (cell === "POWER_OFF") return undefined;
  return cell === "PHYS_HANG" || cell === "PHYS_ERROR" ? style.red : style.yellow;
}
