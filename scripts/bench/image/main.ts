import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isRecord } from "../../../src/state/mod.ts";
import { type Running, startKraken } from "../../cluster/process.ts";
import { DENO_CONFIG, denoPath, programCommand, ROOT } from "../../runtimes.ts";
import { type Bench, median, round, tableOf } from "../bench.ts";
import { type Network, openNetwork } from "./network.ts";

/** So many nodes at once. */
const CLIENTS = [1, 4, 8];
/** Runs of each, of which the middle one counts. */
const RUNS = 3;

/** Who serves whom. */
type Pair = "aggregator, agents" | "plain server, agents" | "plain server, plain copy";

/** What one number of nodes at once took. */
interface Row {
  readonly pair: Pair;
  /** Mbit/s; null: no limit. */
  readonly link: number | null;
  readonly clients: number;
  /** From the signal to start to the end of the last one, and of the first one. */
  readonly lastMs: number;
  readonly firstMs: number;
  /** Of all together. */
  readonly megabytesPerSecond: number;
  /** The last one's time by that of one alone, divided by the number: 1 when they only share, less when one alone does not use all. */
  readonly slowdown: number;
}

/** Measures nodes that fetch the same image at once. */
export async function runImageBench(
  options: { readonly size: number; readonly link: number; readonly signal: AbortSignal },
): Promise<Bench> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "kraken-bench-"));
  const closers: (() => Promise<void>)[] = [];
  try {
    const file = join(folder, "files/images/bench");
    mkdirSync(join(folder, "files/images"), { recursive: true });
    writeFileSync(file, randomBytes(options.size * 2 ** 20));
    const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
    const network = await openNetwork();
    closers.push(network.close);
    const lab = { folder, network, digest, signal: options.signal };
    const aggregator = await startAggregator(lab, closers);
    const plain = await startPlain(lab, file, closers);
    const rows: Row[] = [];
    for (const link of [null, options.link]) {
      await network.limit(link ?? undefined);
      for (
        const [pair, url] of [["aggregator, agents", aggregator], ["plain server, agents", plain], [
          "plain server, plain copy",
          plain,
        ]] as const
      ) {
        let alone: number | undefined;
        for (const clients of CLIENTS) {
          process.stderr.write(`${pair}, ${link ?? "no"} limit, ${clients} at once ...\n`);
          const times: number[][] = [];
          for (let run = 0; run < RUNS; run++) times.push(await fetchAtOnce(lab, url, clients, pair));
          const lastMs = median(times.map((each) => Math.max(...each)));
          alone ??= lastMs;
          rows.push({
            ...{ pair, link, clients },
            lastMs: Math.round(lastMs),
            firstMs: Math.round(median(times.map((each) => Math.min(...each)))),
            megabytesPerSecond: round(clients * options.size * 2 ** 20 / 1e3 / lastMs),
            slowdown: round(lastMs / alone / clients),
          });
        }
      }
    }
    const data = { bench: "image", sizeMiB: options.size, runs: RUNS, rows };
    return { data, table: tableFor(rows) };
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Lab {
  readonly folder: string;
  readonly network: Network;
  readonly digest: string;
  readonly signal: AbortSignal;
}

async function start(lab: Lab, name: string, command: readonly string[]): Promise<Running> {
  return await startKraken({
    command: [...lab.network.enter, ...command],
    logFile: join(lab.folder, `${name}.log`),
    signal: lab.signal,
  });
}

function script(name: string): string[] {
  return [
    denoPath(),
    "run",
    "-A",
    "--quiet",
    "--no-check",
    "--config",
    DENO_CONFIG,
    join(ROOT, "scripts/bench/image", name),
  ];
}

async function startAggregator(lab: Lab, closers: (() => Promise<void>)[]): Promise<string> {
  const ports = ["--http-port", "0", "--mqtt-port", "0", "--boot-port", "0"];
  const boot = ["--boot-address", "127.0.0.1", "--boot-files", join(lab.folder, "files"), "--dhcp", "off"];
  const names = ["--cluster", "bench", "--name", "a1", "--data", join(lab.folder, "data")];
  const program = await start(lab, "aggregator", [
    ...programCommand("aggregator", "source"),
    ...names,
    ...ports,
    ...boot,
  ]);
  closers.push(program.stop);
  const { boot: bound } = program.ready;
  return `http://127.0.0.1:${isRecord(bound) ? bound["http"] : ""}/boot/v1/images/bench`;
}

async function startPlain(lab: Lab, file: string, closers: (() => Promise<void>)[]): Promise<string> {
  const program = await start(lab, "plain", [...script("plain_server.ts"), file]);
  closers.push(program.stop);
  return `http://127.0.0.1:${program.ready["port"]}/`;
}

/** @returns What each of the nodes took, in milliseconds. */
async function fetchAtOnce(lab: Lab, url: string, clients: number, pair: Pair): Promise<number[]> {
  const kind = pair === "plain server, plain copy" ? "copy" : "image";
  const folders = Array.from({ length: clients }, (_, index) => join(lab.folder, "nodes", String(index)));
  try {
    const nodes = await Promise.all(
      folders.map((folder, index) =>
        start(lab, `node-${index}`, [...script("client.ts"), kind, url, lab.digest, folder])
      ),
    );
    for (const { pid } of nodes) process.kill(pid, "SIGUSR2");
    await Promise.all(nodes.map(({ exited }) => exited));
    return folders.map((folder) => {
      const result: unknown = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
      if (!isRecord(result) || typeof result["ms"] !== "number") {
        throw new Error(`A node of the bench has no result: see ${folder}`);
      }
      return result["ms"];
    });
  } finally {
    rmSync(join(lab.folder, "nodes"), { recursive: true, force: true });
  }
}

function tableFor(rows: readonly Row[]): string {
  const head = ["served by and to", "link Mbit/s", "nodes", "first s", "last s", "MB/s together", "slowdown *"];
  const cells = rows.map((row) => [
    row.pair,
    row.link ?? "no limit",
    row.clients,
    round(row.firstMs / 1000),
    round(row.lastMs / 1000),
    row.megabytesPerSecond,
    row.slowdown,
  ]);
  return tableOf(head, cells) +
    "* the last one's time by that of one alone, by the number of nodes: at 1 they only share, above it they are in each other's way\n";
}
