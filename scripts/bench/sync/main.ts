import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { ProgramError } from "../../../src/cli/mod.ts";
import { ROOT } from "../../runtimes.ts";
import { type Bench, round } from "../bench.ts";
import type { Figures } from "./figures.ts";
import { measureCbor } from "./floor/cbor.ts";
import { measureFloor } from "./floor/floor.ts";
import { splitAgents, startGenerators } from "./generators.ts";
import { type Bed, measureAbsorbing, measureIdle, measureLatency, measureLevel, measureSteady } from "./measure.ts";
import type { BrokerKind } from "./options.ts";
import { type BenchProgress, createBenchProgress } from "./progress.ts";
import { describeFigures } from "./report.ts";
import { compareTargets } from "./targets.ts";
import { startTopology } from "./topology.ts";

/** The keep-alive of agents, in seconds. */
const KEEPALIVE = 10;
/** How many frames of changes the link of one agent sends in a second at most. */
const WINDOWS = 10;

/** What is measured. */
interface SyncOptions {
  readonly agents: number;
  readonly tiers: number;
  readonly broker: BrokerKind;
  readonly signal: AbortSignal;
}

/** Measures synchronisation. Everything that it starts has ended when this has, also when it throws. */
export async function runSyncBench(options: SyncOptions): Promise<Bench> {
  const folder = join(ROOT, ".kraken", `bench-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const progress = createBenchProgress();
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const closers: (() => Promise<void>)[] = [];
  let well = false;
  try {
    const fail = (error: Error) => failing.abort(error);
    const figures = await measureAll({ ...options, signal }, folder, progress, closers, fail);
    well = true;
    return { data: { bench: "sync", ...figures }, table: describeFigures(figures) };
  } catch (error) {
    signal.throwIfAborted(); // with the reason: what was under way may say only that it was aborted
    throw error;
  } finally {
    progress.step("Ending what was started");
    for (const close of closers.reverse()) await close();
    progress.end();
    if (well || options.signal.aborted) rmSync(folder, { recursive: true, force: true });
    else process.stderr.write(`Its logs are kept in ${relative(ROOT, folder)}\n`);
  }
}

async function measureAll(
  options: SyncOptions,
  folder: string,
  progress: BenchProgress,
  closers: (() => Promise<void>)[],
  fail: (error: Error) => void,
): Promise<Figures> {
  const { agents, tiers, broker, signal } = options;
  progress.step("Measuring CBOR alone");
  const cbor = measureCbor();
  progress.step(`Starting a root with ${agents} nodes`);
  const topology = await startTopology({ agents, tiers, broker, folder, signal }, closers);
  let isEnding = false;
  void topology.root.exited.then(({ code, signal: by }) => {
    if (!isEnding) fail(new ProgramError(`The root has ended with ${by ?? `code ${code}`}: see its log`));
  });
  const split = splitAgents(agents);
  progress.step(`Starting ${split.length} generators`);
  const generators = await startGenerators(topology, { split, folder, signal }, closers);
  const bed: Bed = { agents, topology, generators, signal };
  progress.step(`Cold start of ${agents} agents`);
  const level = await measureLevel(bed);
  progress.step("Idle");
  const idle = await measureIdle(bed);
  progress.step("Latency of cfg");
  const cfgToAgentMs = await measureLatency(bed, "cfg");
  progress.step("Latency of discoveries");
  const dscToRootMs = await measureLatency(bed, "dsc");
  progress.step("Every agent changes once a second");
  const steady = await measureSteady(bed);
  progress.step("Absorbing changes");
  const { acked, ...absorbing } = await measureAbsorbing(bed);
  progress.step("Ending the agents");
  isEnding = true;
  await Promise.all([topology.root, ...topology.below].map((each) => each.stop()));
  await Promise.all(generators.map((peer) => peer.stop()));
  progress.step("The floor: the same messages with bare clients");
  const floor = await measureFloor({
    broker: topology.broker,
    ...{ split, folder, signal },
    messages: acked,
    bytes: cbor.frameBytes,
  });
  const floorUsPerMessage = round(floor.brokerUs + floor.subscriberUs);
  const figures = {
    ...{ agents, tiers, broker },
    applyMs: Math.round(topology.applyMs),
    startMs: Math.round(topology.startMs),
    ...level,
    ...{ cfgToAgentMs, dscToRootMs },
    ...absorbing,
    ...steady,
    windowsPerSec: agents * WINDOWS,
    floorPerSec: floor.perSec,
    ...{ floor, floorUsPerMessage },
    absorbedToFloor: round(absorbing.absorbedPerSec / floor.perSec),
    absorbedToFloorCpu: round(floorUsPerMessage / (absorbing.rootUsPerChange + (absorbing.brokerUsPerChange ?? 0))),
    cbor,
    rootCpuPct: absorbing.absorbCpuPct.root,
    rootRssMb: idle.levelRssMb.root,
    rootEmptyRssMb: Math.round(topology.emptyMemory / 2 ** 20),
    rootBytesPerNode: Math.round((idle.levelRssMb.root * 2 ** 20 - topology.emptyMemory) / agents),
    ...idle,
    idleKeepalivesPerSec: round(agents / KEEPALIVE),
  };
  return { ...figures, targets: compareTargets(figures) };
}
