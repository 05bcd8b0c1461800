import { renderBar, renderTable } from "../../src/cli/mod.ts";

/** What of a node the demo shows. */
export interface Shown {
  readonly physState: string;
  readonly runState: string;
  readonly phase: string;
}

const PHYS = ["PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "PHYS_HANG", "PHYS_ERROR"];
const RUN = ["UNKNOWN", "INIT", "SYNC", "ERROR"];

/** A bar and a small table: how many nodes are in each `/physState` and `/runState`. */
export function renderProgress(nodes: readonly Shown[], elapsedMs: number): string[] {
  const converged = nodes.filter(({ phase }) => phase === "converged").length;
  const phases = ["working", "backoff", "stuck", "blocked", "frozen"]
    .map((phase) => [phase, nodes.filter((node) => node.phase === phase).length] as const)
    .filter(([, count]) => count > 0).map(([phase, count]) => `${count} ${phase}`);
  const used = PHYS.filter((phys) => phys !== "PHYS_ERROR" || nodes.some(({ physState }) => physState === phys));
  const rows = used.map((phys) => [
    phys,
    ...RUN.map((run) => nodes.filter((node) => node.physState === phys && node.runState === run).length)
      .map((count) => count === 0 ? "." : String(count)),
  ]);
  return [
    `${renderBar(converged, nodes.length)} converged after ${(elapsedMs / 1000).toFixed(0)} s` +
    (phases.length === 0 ? "" : ` (${phases.join(", ")})`),
    "",
    ...renderTable(
      [{ title: "physState \\ runState" }, ...RUN.map((title) => ({ title, align: "right" as const }))],
      rows,
    ),
  ];
}
