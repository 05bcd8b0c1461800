import { readFileSync, statfsSync } from "node:fs";
import { mebibytes } from "./fetch_layer.ts";

/** What must stay free for everything else that runs, in bytes. */
const RESERVE = 32 * 2 ** 20;

/** Why a file of so many bytes does not fit into a folder, which may lie in memory; undefined when it does. */
export function validateOfSize(folder: string, bytes: number): string | undefined {
  return validateOfRoom(folder, bytes, statfsSync(folder), readFileSync("/proc/meminfo", "utf8"));
}

/** The same for a file system with `bavail` of `blocks` blocks of `bsize` bytes free, and what `/proc/meminfo` says. */
export function validateOfRoom(
  folder: string,
  bytes: number,
  { bavail, bsize, blocks }: { readonly bavail: number; readonly bsize: number; readonly blocks: number },
  meminfo: string,
): string | undefined {
  // A ramfs has no size of its own.
  if (blocks > 0 && bytes > bavail * bsize) return `${mebibytes(bavail * bsize)} are free in ${folder}`;
  const available = availableMemory(meminfo);
  if (available === undefined || bytes <= available - RESERVE) return undefined;
  return `${mebibytes(available)} of memory are available, of which ${mebibytes(RESERVE)} are kept free`;
}

/** Memory that programs can have without swapping, in bytes, by `/proc/meminfo` (proc(5)). */
export function availableMemory(meminfo: string): number | undefined {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
