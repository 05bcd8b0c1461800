import { renderTable, type Style } from "../src/cli/mod.ts";
import type { AdoptedInfo, DiscoveredInfo } from "../src/api/mod.ts";

/** Machines that nobody knows, as lines for people; the newest first. */
export function describeDiscovered(found: DiscoveredInfo, style: Style, width: number | undefined): string[] {
  const { aggregator, boots, machines } = found;
  if (!boots) return [`No machine boots from '${aggregator}': it was started without --boot-address`];
  if (machines.length === 0) return [`'${aggregator}' has not seen a machine that it does not know`];
  const columns = ["MAC", "ARCH", "ASKED", "SEEN", "LAST", "UUID", "VENDOR CLASS"].map((title) => ({ title }));
  const rows = machines.map(({ mac, arch = "", asked, count, last, uuid = "", vendorClass = "" }) => [
    ...[mac, arch, asked, `${count} x`, last, uuid, vendorClass],
  ]);
  return [
    ...renderTable(columns, rows, { width, titlePaint: style.bold }),
    `Make one a node: krakenctl adopt ${machines[0]?.mac} --as NAME`,
  ];
}

/** What became of a machine that was adopted. */
export function describeAdopted({ mac, name, created, differences }: AdoptedInfo): string[] {
  const head = created ? `${mac} is ${name} now, a new node` : `${mac} is the machine of ${name} now`;
  const values = differences.flatMap(({ url, to }) =>
    url === "/name" || to === undefined ? [] : [`  ${url} = ${typeof to === "string" ? to : JSON.stringify(to)}`]
  );
  const hint = created ? [`Say what it should be: krakenctl set ${name} /platform=... /runState=SYNC`] : [];
  return [head, ...values, ...(differences.some(({ url }) => url === "/runState") ? [] : hint)];
}
