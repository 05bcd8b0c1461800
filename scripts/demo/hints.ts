import { relative } from "node:path";
import { redactUrl } from "../../src/redact.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { ROOT } from "../runtimes.ts";

/** What people can do with the cluster that runs. */
export function describeWays(
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
