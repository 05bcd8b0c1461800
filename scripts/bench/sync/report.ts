import { tableOf } from "../bench.ts";
import type { CpuShares, Figures, MemoryShares } from "./figures.ts";
import type { Latencies } from "./latencies.ts";
import type { Target } from "./targets.ts";

type Row = readonly [what: string, value: string | number | null | undefined, unit: string];

/** The figures as text: groups with their units, then the targets. */
export function describeFigures(figures: Figures): string {
  const { agents, tiers, broker } = figures;
  return [
    `${agents} agents, ${tiers} ${tiers === 1 ? "tier" : "tiers"}, ${broker} broker\n`,
    group("cold start", [
      ["nodes applied over HTTP", Math.round(figures.applyMs), "ms"],
      ["root started with them", Math.round(figures.startMs), "ms"],
      ["all agents level", figures.levelMs, "ms"],
      ["CPU of the root until then", figures.levelRootCpuMs, "ms"],
      ["frames of each link until then", figures.levelFramesPerAgent, ""],
      ["windows sent again until then", figures.levelRetransmits, ""],
    ]),
    group("latency", [
      ...latencyRows("cfg to agent", figures.cfgToAgentMs),
      ...latencyRows("dsc to root", figures.dscToRootMs),
    ]),
    group("absorbing changes", [
      ["absorbed", figures.absorbedPerSec, "1/s"],
      ["floor: one bare subscriber", figures.floorPerSec, "1/s"],
      ["floor: counted in the broker", figures.floor.inBroker?.perSec, "1/s"],
      ["absorbed to floor", figures.absorbedToFloor, ""],
      ["absorbed to floor, by CPU time", figures.absorbedToFloorCpu, ""],
      ["the links' pauses allow", figures.windowsPerSec, "1/s"],
      ["CPU of the root for a change", figures.rootUsPerChange, "us"],
      ["CPU of the broker for a change", figures.brokerUsPerChange, "us"],
      ["CPU of the floor's broker for a message", figures.floor.brokerUs, "us"],
      ["CPU of the floor's subscriber for a message", figures.floor.subscriberUs, "us"],
      ["CPU of a broker that counts itself", figures.floor.inBroker?.brokerUs, "us"],
      ["wire for a change", figures.bytesPerChange, "B"],
      ["disk for a change", figures.rootDiskBytesPerChange, "B"],
      ["windows sent again", figures.retransmits, ""],
      ["last values compared", figures.verified, ""],
      ["of which wrong", figures.wrong, ""],
    ]),
    group("CBOR of one change", [
      ["frame", figures.cbor.frameBytes, "B"],
      ["decode, bare cbor-x", figures.cbor.bareDecodeUs, "us"],
      ["decode, checked and parsed", figures.cbor.decodeUs, "us"],
      ["encode, bare cbor-x", figures.cbor.bareEncodeUs, "us"],
      ["encode, from a frame", figures.cbor.encodeUs, "us"],
    ]),
    group("idle", [
      ["frames", figures.idleFramesPerSec, "1/s"],
      ["keep-alives of MQTT", figures.idleKeepalivesPerSec, "1/s"],
    ]),
    group("every agent changes once a second", [
      ["frames that the root gets", figures.steadyReceivedPerSec, "1/s"],
      ["frames that it sends", figures.steadySentPerSec, "1/s"],
    ]),
    tableOf(["processes", "root", "broker", "below", "generators", ""], [
      processRow("CPU, idle", figures.idleCpuPct, "%"),
      processRow("CPU, once a second", figures.steadyCpuPct, "%"),
      processRow("CPU, absorbing", figures.absorbCpuPct, "%"),
      processRow("memory, idle", figures.levelRssMb, "MiB"),
      processRow("memory, absorbing", figures.absorbRssMb, "MiB"),
    ]),
    group("memory of the root", [
      ["empty", figures.rootEmptyRssMb, "MiB"],
      ["with all agents level", figures.rootRssMb, "MiB"],
      ["added by each node", figures.rootBytesPerNode, "B"],
    ]),
    tableOf(
      ["target", "measured", "met"],
      figures.targets.map((target) => [target.target, target.measured, verdict(target)]),
    ),
  ].join("\n");
}

function latencyRows(what: string, { p50, p99, max, samples }: Latencies): Row[] {
  return [[`${what}, p50 of ${samples}`, p50, "ms"], [`${what}, p99`, p99, "ms"], [`${what}, slowest`, max, "ms"]];
}

/** A table of figures; those that there are none of are left out. */
function group(title: string, rows: readonly Row[]): string {
  return tableOf(
    [title, "", ""],
    rows.flatMap(([what, value, unit]) => (value === undefined || value === null ? [] : [[what, value, unit]])),
  );
}

function processRow(what: string, shares: CpuShares | MemoryShares, unit: string): (string | number)[] {
  return [what, shares.root, shares.broker ?? "", shares.below, shares.generators, unit];
}

function verdict({ met }: Target): string {
  return met === null ? "not asked" : met ? "yes" : "NO";
}
