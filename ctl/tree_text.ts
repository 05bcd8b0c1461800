import { cleanText, type Column, renderTable, type Style } from "../src/cli/mod.ts";
import type { TreeEntryInfo } from "../src/api/mod.ts";

/** Aggregators as a tree, with the nodes below each. */
export function describeTree(tree: readonly TreeEntryInfo[], style: Style, width: number | undefined): string[] {
  const columns: Column[] = [
    { title: "AGGREGATOR" },
    { title: "HEALTH", paint: healthStyle(style) },
    { title: "NODES", align: "right" },
    { title: "CONVERGED", align: "right" },
    { title: "SYNC", align: "right" },
    { title: "FAILED", align: "right" },
    { title: "STALE", align: "right" },
    { title: "STANDBY" },
    { title: "API" },
    { title: "NOTE" },
  ];
  const rows = tree.map(({ name, depth, health, counts, standby, api, stale, brokerLost }) => [
    `${"  ".repeat(depth)}${cleanText(name)}`,
    health,
    String(counts.nodes),
    String(counts.converged),
    String(counts.sync),
    String(counts.failed),
    String(counts.stale),
    standby,
    api,
    noteOf(stale, brokerLost),
  ]);
  return renderTable(columns, rows, { width, titlePaint: style.bold });
}

function noteOf(stale: TreeEntryInfo["stale"], brokerLost: TreeEntryInfo["brokerLost"]): string {
  if (stale !== undefined) {
    const what = stale.why === undefined ? "is not heard" : "hears no child";
    return `${stale.aggregator} ${what} since ${stale.since}${stale.why === undefined ? "" : `: ${stale.why}`}`;
  }
  return brokerLost === undefined ? "" : `its broker is lost since ${brokerLost.since}: ${brokerLost.why}`;
}

function healthStyle(style: Style) {
  return (cell: string) => {
    if (cell === "FULL") return style.green;
    if (cell === "PARTIAL" || cell === "UNKNOWN") return style.yellow;
    return cell === "DEGRADED" || cell === "LOST" ? style.red : undefined;
  };
}
