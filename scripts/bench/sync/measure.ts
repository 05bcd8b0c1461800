import { setTimeout as delay } from "node:timers/promises";
import { ProgramError } from "../../../src/cli/mod.ts";
import { waitFor } from "../../cluster/wait.ts";
import { round } from "../bench.ts";
import { createApi } from "../../cluster/api.ts";
import type { CpuShares, MemoryShares } from "./figures.ts";
import { API_LIMIT, GENERATOR } from "./generator/commands.ts";
import { type Latencies, summarizeLatencies } from "./latencies.ts";
import type { Peer } from "./peer.ts";
import { cpuPercent, type ProcessUse, readMemory, readUse } from "./process_stats.ts";
import type { Topology } from "./topology.ts";

/** How long all agents may take to be level, in milliseconds. */
const LEVEL_LIMIT = 240_000;
/** How long nothing is done, and how long agents change values, in milliseconds. */
const IDLE = 10_000;
const ABSORB = 8_000;
/** How long every agent changes a value once a second, in milliseconds. */
const STEADY = 12_000;
/** How long the root may take to have what aggregators below it have acknowledged, in milliseconds. */
const CATCH_UP = 30_000;
/** How many latencies are measured. */
const SAMPLES = 300;

/** The processes that run, and what they are stopped with. */
export interface Bed {
  readonly agents: number;
  readonly topology: Topology;
  readonly generators: readonly Peer[];
  readonly signal: AbortSignal;
}

/** Starts all links at once. Ends when all agents are level, and the root says so too. */
export async function measureLevel(bed: Bed) {
  const { agents, topology, generators, signal } = bed;
  const before = readUse(topology.root.pid);
  const start = performance.now();
  const answers = await Promise.all(generators.map((peer) => peer.ask(GENERATOR.start, { limit: LEVEL_LIMIT })));
  const level = answers.reduce((sum, answer) => sum + answer.level, 0);
  if (level < agents) throw new ProgramError(`${level} of ${agents} agents are level after ${LEVEL_LIMIT / 1000} s`);
  const api = createApi(topology.api, API_LIMIT);
  await waitFor(
    "the root had all nodes in SYNC",
    async () => (await api.nodes()).filter(({ runState }) => runState === "SYNC").length === agents,
    { limit: 60_000, every: 100, signal },
  );
  const levelMs = Math.round(performance.now() - start);
  const { frames, retransmits } = await countAll(bed);
  return {
    levelMs,
    levelRootCpuMs: cpuSince(topology.root.pid, before),
    levelFramesPerAgent: round(frames / agents),
    levelRetransmits: retransmits,
  };
}

/** Lets everything rest. */
export async function measureIdle(bed: Bed) {
  await delay(IDLE / 2, undefined, { signal: bed.signal }); // what the last step has left is done
  const before = readAll(bed);
  const { frames } = await countAll(bed);
  await delay(IDLE, undefined, { signal: bed.signal });
  const after = readAll(bed);
  return {
    idleCpuPct: sharesOf(before, after),
    idleFramesPerSec: round(((await countAll(bed)).frames - frames) / IDLE * 1000),
    levelRssMb: readMemories(bed),
  };
}

/** Changes cfg at the root, or lets agents discover something: one change after the other, spread over all agents. */
export async function measureLatency(bed: Bed, what: "cfg" | "dsc"): Promise<Latencies> {
  const times: number[] = [];
  const samples = Math.ceil(SAMPLES / bed.generators.length);
  for (const peer of bed.generators) {
    times.push(...(await peer.ask(GENERATOR[what], { samples, number: times.length })).times);
  }
  return summarizeLatencies(times);
}

/** Lets every agent change a value once a second, and counts what gets to the root. */
export async function measureSteady(bed: Bed) {
  const api = createApi(bed.topology.api, API_LIMIT);
  const asking = bed.generators.map((peer) => peer.ask(GENERATOR.steady, { ms: STEADY }));
  await delay(STEADY / 4, undefined, { signal: bed.signal }); // all of them have begun
  const [before, use, start] = [await api.messages(), readAll(bed), performance.now()];
  await delay(STEADY / 2, undefined, { signal: bed.signal });
  const [after, used, seconds] = [await api.messages(), readAll(bed), (performance.now() - start) / 1000];
  await Promise.all(asking);
  return {
    steadyReceivedPerSec: round((after.received - before.received) / seconds),
    steadySentPerSec: round((after.sent - before.sent) / seconds),
    steadyCpuPct: sharesOf(use, used),
  };
}

/**
 * Lets all agents change values as fast as their links allow, and compares what the root has afterwards. As at the floor there
 * is a warm-up before: what is slow because it is new is not measured.
 */
export async function measureAbsorbing(bed: Bed) {
  await Promise.all(bed.generators.map((peer) => peer.ask(GENERATOR.absorb, { ms: ABSORB })));
  const { retransmits } = await countAll(bed);
  const before = readAll(bed);
  const asking = bed.generators.map((peer) => peer.ask(GENERATOR.absorb, { ms: ABSORB }));
  await delay(ABSORB, undefined, { signal: bed.signal });
  const after = readAll(bed);
  const absorbRssMb = readMemories(bed);
  const answers = await Promise.all(asking);
  const sum = (of: (answer: typeof answers[number]) => number) => answers.reduce((total, each) => total + of(each), 0);
  const acked = sum((answer) => answer.acked);
  const unacked = sum((answer) => answer.unacked);
  if (unacked > 0) {
    throw new ProgramError(`The last changes of ${unacked} agents were not acknowledged within a minute`);
  }
  const checks = await catchUp(bed);
  const usPerChange = (was: ProcessUse, is: ProcessUse) => round((is.cpuMs - was.cpuMs) * 1000 / acked);
  return {
    acked,
    absorbedPerSec: round(acked / Math.max(...answers.map(({ ms }) => ms)) * 1000),
    rootUsPerChange: usPerChange(before.root, after.root),
    brokerUsPerChange: before.broker === undefined || after.broker === undefined
      ? null
      : usPerChange(before.broker, after.broker),
    absorbCpuPct: sharesOf(before, after),
    absorbRssMb,
    rootDiskBytesPerChange: Math.round((after.root.diskBytes - before.root.diskBytes) / acked),
    bytesPerChange: Math.round(sum((answer) => answer.weighedBytes) / sum((answer) => answer.weighedChanges)),
    retransmits: (await countAll(bed)).retransmits - retransmits,
    verified: checks.reduce((total, { checked }) => total + checked, 0),
    wrong: checks.reduce((total, { wrong }) => total + wrong, 0),
  };
}

/** Compares what the root has with what agents have, again until it has all, where others have acknowledged it in its place. */
async function catchUp(bed: Bed) {
  const end = performance.now() + CATCH_UP;
  for (;;) {
    const checks = await Promise.all(bed.generators.map((peer) => peer.ask(GENERATOR.verify, {})));
    const isBehind = checks.some(({ wrong }) => wrong > 0);
    if (!isBehind || bed.topology.below.length === 0 || performance.now() > end) return checks;
    await delay(500, undefined, { signal: bed.signal });
  }
}

interface Uses {
  readonly root: ProcessUse;
  readonly broker: ProcessUse | undefined;
  readonly below: readonly ProcessUse[];
  readonly generators: readonly ProcessUse[];
}

function readAll({ topology, generators }: Bed): Uses {
  return {
    root: readUse(topology.root.pid),
    broker: topology.broker === undefined ? undefined : readUse(topology.broker.pid),
    below: topology.below.map(({ pid }) => readUse(pid)),
    generators: generators.map(({ pid }) => readUse(pid)),
  };
}

function sharesOf(before: Uses, after: Uses): CpuShares {
  const sum = (was: readonly ProcessUse[], is: readonly ProcessUse[]) =>
    round(was.reduce((total, use, place) => total + cpuPercent(use, is[place] ?? use), 0));
  return {
    root: cpuPercent(before.root, after.root),
    broker: before.broker === undefined || after.broker === undefined ? null : cpuPercent(before.broker, after.broker),
    below: sum(before.below, after.below),
    generators: sum(before.generators, after.generators),
  };
}

function readMemories({ topology, generators }: Bed): MemoryShares {
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
  return {
    root: mib(readMemory(topology.root.pid)),
    broker: topology.broker === undefined ? null : mib(readMemory(topology.broker.pid)),
    below: mib(topology.below.reduce((sum, { pid }) => sum + readMemory(pid), 0)),
    generators: mib(generators.reduce((sum, { pid }) => sum + readMemory(pid), 0)),
  };
}

function cpuSince(pid: number, before: ProcessUse): number {
  return Math.round(readUse(pid).cpuMs - before.cpuMs);
}

/** What all agents have counted so far. */
async function countAll({ generators }: Bed): Promise<{ readonly frames: number; readonly retransmits: number }> {
  const counts = await Promise.all(generators.map((peer) => peer.ask(GENERATOR.counts, {})));
  return {
    frames: counts.reduce((sum, each) => sum + each.frames, 0),
    retransmits: counts.reduce((sum, each) => sum + each.retransmits, 0),
  };
}
