import type { NodeDetailInfo, NodeSummaryInfo, StagedInfo } from "../src/api/mod.ts";
import { cleanText, type Column, renderTable, type Style } from "../src/cli/mod.ts";
import { countOf, groupByKey } from "./grouping.ts";
import { showValue } from "./plan_text.ts";

/** Nodes as a table, with a line below that sums them up. */
export function describeNodes(nodes: readonly NodeSummaryInfo[], style: Style, width: number | undefined): string[] {
  const columns: Column[] = [
    { title: "NAME" },
    { title: "PLATFORM" },
    { title: "PHYS", paint: stateStyle(style) },
    { title: "RUN", paint: stateStyle(style) },
    { title: "PHASE", paint: stateStyle(style) },
    { title: "REASON" },
  ];
  const rows = nodes.map((node) => [
    node.name,
    node.platform,
    node.physState,
    node.runState,
    `${node.phase}${node.late === undefined ? "" : " LATE"}${node.stale === undefined ? "" : " STALE"}`,
    [node.reason, ...(node.late === undefined ? [] : [`late: ${node.late.why}`])].filter((part) => part !== "").join(
      "; ",
    ),
  ]);
  return [...renderTable(columns, rows, { width, titlePaint: style.bold }), summarizeNodes(nodes)];
}

/** `8 nodes: 7 converged, 1 working`. */
export function summarizeNodes(nodes: readonly NodeSummaryInfo[]): string {
  const counts = new Map<string, number>();
  for (const { phase } of nodes) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const parts = [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([phase, count]) => `${count} ${cleanText(phase)}`);
  const late = nodes.filter((node) => node.late !== undefined).length;
  const stale = nodes.filter((node) => node.stale !== undefined).length;
  const more = `${late === 0 ? "" : `; ${late} late`}${stale === 0 ? "" : `; ${stale} stale`}`;
  return parts.length === 0 ? "0 nodes" : `${countOf(nodes.length, "node")}: ${parts.join(", ")}${more}`;
}

/** One node, for people: what it is, what it should be and what it is known to be. */
export function describeNode(node: NodeDetailInfo, style: Style, width: number | undefined): string[] {
  const head = [
    ["name", node.name],
    ["id", node.id],
    ["kind", node.kind],
    ["phase", node.phase],
    ...(node.reason === "" ? [] : [["reason", node.reason]]),
    ...(node.stale === undefined ? [] : [["stale", describeStale(node.stale)]]),
    ...(node.late === undefined ? [] : [["late", `since ${node.late.since}: ${node.late.why}`]]),
    ...(node.staged === undefined ? [] : [["staged", describeStaged(node.staged)]]),
  ];
  const desired = flatten(node.cfg);
  const discovered = flatten(node.dsc);
  const urls = [...new Set([...desired.keys(), ...discovered.keys()])].sort();
  const rows = urls.map((url) => [url, desired.get(url) ?? "", discovered.get(url) ?? "", sourceOf(node, url)]);
  const isInherited = Object.keys(node.inherited).length > 0;
  return [
    ...renderTable([{ title: "" }, { title: "" }], head).slice(1),
    "",
    ...renderTable(
      [
        { title: "VARIABLE" },
        { title: "DESIRED" },
        { title: "DISCOVERED" },
        ...(isInherited ? [{ title: "PROFILE" }] : []),
      ],
      isInherited ? rows : rows.map((row) => row.slice(0, 3)),
      {
        width,
        titlePaint: style.bold,
      },
    ),
  ];
}

/** The profile that a line of a node's cfg comes from: a value of parts is shown as several lines. */
function sourceOf({ inherited }: NodeDetailInfo, url: string): string {
  for (let end = url.length; end > 0; end = url.lastIndexOf("/", end - 1)) {
    const from = inherited[url.slice(0, end)];
    if (from !== undefined) return from;
  }
  return "";
}

function describeStaged({ values, until, problem }: StagedInfo): string {
  const text = Object.entries(values).map(([url, value]) => `${url}=${value === null ? "" : showValue(value)}`).join(
    " ",
  );
  return `until ${until === "boot" ? "its next boot" : "its scheduler frees it"}: ${text}${
    problem === undefined ? "" : ` (can't be written: ${problem})`
  }`;
}

function describeStale({ since, aggregator, why }: Exclude<NodeDetailInfo["stale"], undefined>): string {
  return `since ${since}: aggregator ${aggregator} ${
    why === undefined ? "is not heard" : `does not hear it, as ${why}`
  }`;
}

/** Nested values as lines: `{ pxe: { state: "INIT" } }` is `/pxe/state` with `INIT`. */
export function flatten(values: { readonly [key: string]: unknown }, url = ""): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(values)) {
    const inner = `${url}/${key}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) flat.set(inner, showValue(value));
    // A parse of JSON gives records only, once null and lists are ruled out.
    else for (const [deep, text] of flatten(value as { [key: string]: unknown }, inner)) flat.set(deep, text);
  }
  return flat;
}

function stateStyle(style: Style) {
  return (cell: string) => {
    if (["converged", "SYNC", "POWER_ON"].includes(cell)) return style.green;
    if (["stuck", "blocked", "ERROR", "PHYS_HANG", "PHYS_ERROR"].includes(cell)) return style.red;
    if (["working", "waiting", "backoff", "INIT", "POWER_CYCLE"].includes(cell)) return style.yellow;
    if (cell.endsWith(" LATE")) return style.red;
    if (cell.endsWith(" STALE")) return style.yellow;
    return cell === "frozen" ? style.cyan : undefined;
  };
}

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
