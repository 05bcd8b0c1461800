import { readFileSync, statfsSync } from "node:fs";
import { mebibytes } from "./fetch_layer.ts";

/** What must stay free for everything else that runs, in bytes. */
const RESERVE = 32 * 2 ** 20;

/** Why a file of so many bytes does not fit into a folder, which may lie in memory; undefined when it does. */
export function complainOfSize(folder: string, bytes: number): string | undefined {
  const { bavail, bsize, blocks } = statfsSync(folder);
  // A ramfs has no size of its own.
  if (blocks > 0 && bytes > bavail * bsize) return `${mebibytes(bavail * bsize)} are free in ${folder}`;
  const available = availableMemory(readFileSync("/proc/meminfo", "utf8"));
  if (available === undefined || bytes <= available - RESERVE) return undefined;
  return `${mebibytes(available)} of memory are available, of which ${mebibytes(RESERVE)} are kept free`;
}

/** Memory that programs can have without swapping, in bytes, by `/proc/meminfo` (proc(5)). */
export function availableMemory(meminfo: string): number | undefined {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
