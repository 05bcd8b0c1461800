import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { promisify } from "node:util";
import { runTool } from "./tool.ts";

/** Figures of a built file. */
export interface BuiltFigures {
  /** Bytes. */
  readonly size: number;
  /** Bytes after `xz -6`. */
  readonly compressed: number;
  /** Milliseconds that `--version` takes: the median of five runs. */
  readonly startup: number;
}

/** Measures a built file, and the command that starts it. */
export async function measure(file: string, command: readonly string[]): Promise<BuiltFigures> {
  const [program = file, ...args] = [...command, "--version"];
  const startup = await medianTime(5, () => promisify(execFile)(program, args, { timeout: 30_000 }));
  return { size: statSync(file).size, compressed: await compressedSize(file, ["xz", "-T0", "-6"]), startup };
}

async function medianTime(runs: number, run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

/**
 * The bytes of a file after a compressor.
 *
 * @param compressor Its command: all cores on one file, as several at once would be no faster and need more memory.
 */
export async function compressedSize(file: string, compressor: readonly string[]): Promise<number> {
  return Number(await runTool(["sh", "-c", '"$@" | wc -c', "sh", ...compressor, "--stdout", file]));
}

/** A table of built files. */
export function describeTable(rows: readonly { readonly name: string; readonly figures: BuiltFigures }[]): string {
  const cells = rows.map(({ name, figures }) => [
    name,
    bytes(figures.size),
    bytes(figures.compressed),
    `${figures.startup.toFixed(0)} ms`,
  ]);
  const lines = [["file", "size", "xz", "--version"], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    `${
      line.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))
        .join("  ")
    }\n`
  ).join("");
}

function bytes(count: number): string {
  return count < 1_000_000 ? `${Math.round(count / 1024)} KiB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
