import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stop } from "esbuild";
import { formatTopic } from "../../../src/mqtt/mod.ts";
import { startMosquitto } from "../../brokers/mosquitto.ts";
import { buildBundle } from "../../build/bundle.ts";
import { compileBun, compileDeno, compileSea, haveDenort } from "../../build/compile.ts";
import { compressedSize } from "../../build/measure.ts";
import { bunPath, denoPath, type How, nodePath, programCommand } from "../../runtimes.ts";
import { type Bench, median, round, tableOf } from "../bench.ts";
import { type Births, listenForBirths } from "./listen.ts";
import { startOnce } from "./start.ts";

/** The agent on one runtime. */
export interface AgentRow {
  readonly on: string;
  /** Bytes of everything that a machine needs to run it, beside the system's libraries. */
  readonly bytes: number;
  readonly xzBytes: number;
  readonly zstdBytes: number;
  /** Milliseconds from its start to its first message at a subscriber, median and worst. */
  readonly firstMs: { readonly median: number; readonly worst: number };
  /** CPU time until then, in milliseconds; the system counts in steps of 10. */
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly privateMb: number;
}

/** What can be measured: how it is made, and the files that a machine needs for it. */
interface Subject {
  readonly on: string;
  readonly how: How;
  make(): Promise<string>;
  /** The runtime beside the file that was made. */
  readonly runtime?: string;
}

async function subjects(): Promise<readonly Subject[]> {
  const bundle = () => buildBundle("agent");
  return [
    { on: "Bun, compiled", how: "binary-bun", make: () => compileBun("agent") },
    { on: "Node, single executable", how: "binary-sea", make: () => compileSea("agent") },
    ...(await haveDenort()
      ? [{ on: "Deno, compiled", how: "binary-deno", make: () => compileDeno("agent") } as const]
      : []),
    { on: "Bun and bundle", how: "bundle-bun", make: bundle, runtime: bunPath() },
    { on: "Node and bundle", how: "bundle-node", make: bundle, runtime: nodePath() },
    { on: "Deno and bundle", how: "bundle-deno", make: bundle, runtime: denoPath() },
  ];
}

/** Measures the agent on every runtime. */
export async function runAgentBench(
  { runs, settle, signal }: { readonly runs: number; readonly settle: number; readonly signal: AbortSignal },
): Promise<Bench> {
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  const folder = mkdtempSync(join(tmpdir(), "kraken-bench-"));
  try {
    const broker = await startMosquitto({ folder, signal });
    const [parent, child] = [randomUUID(), randomUUID()];
    const births = await listenForBirths(broker.url, formatTopic({ cluster: "bench", parent, child, channel: "life" }));
    const options = ["--cluster", "bench", "--name", "n1", "--id", child, "--parent", parent, "--broker", broker.url];
    const rows: AgentRow[] = [];
    try {
      for (const subject of await subjects()) {
        progress(`${subject.on} ...`);
        rows.push(await measure(subject, options, births, { runs, settle, signal }));
      }
    } finally {
      await births.end();
      await broker.stop();
    }
    return { data: { bench: "agent", runs, settleMs: settle, rows }, table: describe(rows) };
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  subject: Subject,
  options: readonly string[],
  births: Births,
  { runs, settle, signal }: { readonly runs: number; readonly settle: number; readonly signal: AbortSignal },
): Promise<AgentRow> {
  const file = await subject.make();
  const command = [...programCommand("agent", subject.how, file), ...options];
  // The first start reads the file from disk and is not counted; its memory is what is asked for.
  const { memory } = await startOnce(command, births, settle, signal);
  if (memory === undefined) throw new Error("The memory was asked for");
  const starts = [];
  for (let run = 0; run < runs; run++) starts.push(await startOnce(command, births, undefined, signal));
  const files = [file, ...(subject.runtime === undefined ? [] : [subject.runtime])];
  const sum = async (size: (path: string) => Promise<number> | number): Promise<number> =>
    (await Promise.all(files.map(size))).reduce((a, b) => a + b, 0);
  const times = starts.map(({ firstMs }) => firstMs);
  return {
    on: subject.on,
    bytes: await sum((path) => statSync(path).size),
    xzBytes: await sum((path) => compressedSize(path, ["xz", "-T0", "-6"])),
    zstdBytes: await sum((path) => compressedSize(path, ["zstd", "-T0", "-19", "-q"])),
    firstMs: { median: round(median(times)), worst: round(Math.max(...times)) },
    cpuMs: median(starts.map(({ cpuMs }) => cpuMs)),
    rssMb: round(memory.resident / 2 ** 20),
    privateMb: round(memory.private / 2 ** 20),
  };
}

function describe(rows: readonly AgentRow[]): string {
  const head = ["agent on", "MB", "xz MB", "zstd MB", "first message ms", "worst", "CPU ms", "RSS MiB", "private"];
  const mb = (bytes: number) => round(bytes / 1e6);
  return tableOf(
    head,
    rows.map((row) => [
      row.on,
      ...[mb(row.bytes), mb(row.xzBytes), mb(row.zstdBytes)],
      ...[row.firstMs.median, row.firstMs.worst, row.cpuMs, row.rssMb, row.privateMb],
    ]),
  );
}
