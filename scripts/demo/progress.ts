import { relative } from "node:path";
import { renderBar, renderTable } from "../../src/cli/mod.ts";
import { redactUrl } from "../../src/redact.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { ROOT } from "../runtimes.ts";

/** What of a node the demo shows. */
export interface ShownProgress {
  readonly physState: string;
  readonly runState: string;
  readonly phase: string;
}

const PHYS = ["PHYS_UNKNOWN", "POWER_OFF", "POWER_ON", "PHYS_HANG", "PHYS_ERROR"];
const RUN = ["UNKNOWN", "INIT", "SYNC", "ERROR"];

/** A bar and a small table: how many nodes are in each `/physState` and `/runState`. */
export function renderProgress(nodes: readonly ShownProgress[], elapsedMs: number): string[] {
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

/** What people can do with the cluster that runs. */
export function describeDemo(
  cluster: Cluster,
  { usual, published }: { readonly usual: boolean; readonly published: boolean },
): string[] {
  const server = usual ? "" : ` --server ${cluster.api}`;
  const krakenctl = "bin/krakenctl";
  return [
    "",
    "The cluster runs until you press Ctrl-C. In another terminal:",
    `  ${krakenctl} get nodes${server}`,
    `  ${krakenctl} set n3 /physState=POWER_OFF${server}`,
    `  ${krakenctl} events -f${server}`,
    ...(published ? [`  mosquitto_sub -p ${new URL(cluster.broker).port} -v -t 'kraken-state/#'`] : []),
    "The README walks you through it.",
    "",
    `API     ${cluster.api}/api/v1/nodes`,
    `Broker  ${redactUrl(cluster.broker)}`,
    `BMCs    ${cluster.bmc}/redfish/v1/Systems`,
    `Logs    ${relative(ROOT, cluster.folder)}`,
    "",
  ];
}
