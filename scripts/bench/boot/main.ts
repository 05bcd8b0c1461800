import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stop } from "esbuild";
import { type Bench, median, round, tableOf } from "../bench.ts";
import { buildKind, KINDS, makeBare, USED } from "./kinds.ts";
import { type Boot, measureBoot } from "./measure.ts";

/** What was found of one kind of initramfs. */
interface Row {
  readonly name: string;
  /** MB of the initramfs as it goes over the network, and unpacked. */
  readonly size: number;
  readonly unpacked: number;
  /** Seconds from the power: until everything was loaded, and until SYNC. */
  readonly loaded: number;
  readonly sync: number;
  /** As many times as long as with a bare initramfs. */
  readonly ratio: number;
  /** MiB of the agent, of it private, and what the machine has left. */
  readonly agent: number;
  readonly agentPrivate: number;
  readonly available: number;
}

/** Boots a machine with each kind of initramfs, and with a bare one in the same run. */
export async function runBootBench(
  options: { readonly runs: number; readonly memory: number; readonly signal: AbortSignal },
): Promise<Bench> {
  const { runs, memory } = options;
  const folder = mkdtempSync(join(tmpdir(), "kraken-bench-boot-"));
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  async function boots(bootFiles: string, name: string, bare: boolean): Promise<Boot[]> {
    const all: Boot[] = [];
    for (let run = 1; run <= runs; run++) {
      progress(`${name}: boot ${run} of ${runs}`);
      all.push(await measureBoot(bootFiles, { ...options, bare }));
    }
    return all;
  }
  try {
    const bareFolder = join(folder, "bare");
    progress("Building");
    await buildKind(USED, bareFolder);
    await makeBare(bareFolder);
    const bare = medians(await boots(bareFolder, "bare", true));
    const rows: Row[] = [];
    for (const kind of KINDS) {
      const name = `${kind.runtime}, ${kind.layout}, ${kind.compression}`;
      const output = join(folder, name.replaceAll(", ", "-"));
      const built = await buildKind(kind, output);
      const found = medians(await boots(output, name, false));
      rows.push({
        name,
        size: built.initramfs.size / 1e6,
        unpacked: built.initramfs.unpacked / 1e6,
        loaded: found.kernelMs / 1000,
        sync: found.doneMs / 1000,
        ratio: found.doneMs / bare.doneMs,
        ...found.memory,
      });
    }
    const bareSize = statSync(join(bareFolder, "initrd.img")).size / 1e6;
    return {
      data: { bench: "boot", runs, memory, bare: { ...bare, size: bareSize }, rows },
      table: describe(bareSize, bare, rows),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await stop();
  }
}

function medians(
  boots: readonly Boot[],
): Boot & { readonly memory: { agent: number; agentPrivate: number; available: number } } {
  const of = (read: (boot: Boot) => number): number => median(boots.map(read));
  return {
    kernelMs: of(({ kernelMs }) => kernelMs),
    doneMs: of(({ doneMs }) => doneMs),
    memory: {
      agent: of(({ memory }) => memory?.agent ?? NaN),
      agentPrivate: of(({ memory }) => memory?.agentPrivate ?? NaN),
      available: of(({ memory }) => memory?.available ?? NaN),
    },
  };
}

function describe(bareSize: number, bare: Boot, rows: readonly Row[]): string {
  const head = ["initramfs", "MB", "unpacked", "loaded s", "SYNC s", "x bare", "agent MiB", "private", "available"];
  const cells = rows.map((row) => [
    row.name,
    ...[row.size, row.unpacked, row.loaded, row.sync, row.ratio, row.agent, row.agentPrivate, row.available].map(round),
  ]);
  const first = [
    "bare init, until it runs",
    round(bareSize),
    "",
    round(bare.kernelMs / 1000),
    round(bare.doneMs / 1000),
    1,
    "",
    "",
    "",
  ];
  return tableOf(head, [first, ...cells]);
}
