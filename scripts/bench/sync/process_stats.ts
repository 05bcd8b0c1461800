import { readFileSync } from "node:fs";
import { round } from "../bench.ts";

/** What a process has used so far, as /proc tells it. */
export interface ProcessUse {
  /** When it was read, in milliseconds of the reader's own clock. */
  readonly at: number;
  /** CPU time of all its threads, user and system, in milliseconds. The system counts in steps of 10. */
  readonly cpuMs: number;
  /** Bytes that it made the system write to disk. */
  readonly diskBytes: number;
}

/** CPU ticks a second: what Linux shows to programs on every machine. */
const TICKS = 100;
/** Fields of /proc/PID/stat after the command's name: utime is the 14th of all, the name the 2nd. */
const UTIME = 11;

/** Reads what a process has used. @throws {Error} When it is gone. */
export function readUse(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME]) + Number(fields[UTIME + 1]);
  return {
    at: performance.now(),
    cpuMs: ticks * 1000 / TICKS,
    diskBytes: numberAfter(readFileSync(`/proc/${pid}/io`, "utf8"), "write_bytes:"),
  };
}

/** Resident memory of a process, in bytes. @throws {Error} When it is gone. */
export function readMemory(pid: number): number {
  return numberAfter(readFileSync(`/proc/${pid}/status`, "utf8"), "VmRSS:") * 1024;
}

/** Memory of a process, in bytes. */
export interface Memory {
  /** Resident: with pages of its own file, which the system can read again at any time. */
  readonly resident: number;
  /** Its own alone, and in no file: what the system can't do without. */
  readonly private: number;
}

/** Reads the memory of a process, resident and private. @throws {Error} When it is gone, or is another user's. */
export function readMemoryUse(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return {
    resident: numberAfter(text, "Rss:") * 1024,
    private: numberAfter(text, "Anonymous:") * 1024,
  };
}

/** The share of one core that was used in between, in per cent: more than 100 where several threads ran. */
export function cpuPercent(before: ProcessUse, after: ProcessUse): number {
  return round((after.cpuMs - before.cpuMs) / (after.at - before.at) * 100);
}

function numberAfter(text: string, name: string): number {
  const start = text.indexOf(name);
  const value = start < 0 ? NaN : Number.parseInt(text.slice(start + name.length), 10);
  if (Number.isNaN(value)) throw new Error(`Cannot read '${name}' of a process: found ${JSON.stringify(text)}`);
  return value;
}
