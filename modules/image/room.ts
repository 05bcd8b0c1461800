import { readFileSync, statfsSync } from "node:fs";
import { mebibytes } from "./fetch_layer.ts";

/** Memory that must stay free for other programs, in bytes. */
const RESERVE = 32 * 2 ** 20;

/** Returns why a file of `bytes` bytes does not fit into `folder`, which may be in memory; undefined if it does. */
export function sizeIssue(folder: string, bytes: number): string | undefined {
  return roomIssue(folder, bytes, statfsSync(folder), readFileSync("/proc/meminfo", "utf8"));
}

/**
 * Does the same for a file system with `bavail` of `blocks` blocks of `bsize` bytes free.
 *
 * @param folder The folder, for messages.
 * @param bytes Size of the file.
 * @param meminfo Content of `/proc/meminfo`.
 */
export function roomIssue(
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

/**
 * Reads from `meminfo`, the content of `/proc/meminfo` (proc(5)), the memory that programs can have without swapping,
 * in bytes.
 */
export function availableMemory(meminfo: string): number | undefined {
  const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
