import { readFileSync } from "node:fs";
import { cpus, loadavg, machine, release, totalmem, uptime } from "node:os";
import { join } from "node:path";

/** Facts that do not change until the next boot. */
export interface FixedFacts {
  readonly arch: string;
  readonly kernel: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
}

/** Facts that change all the time. */
export interface MovingFacts {
  /** Load average over 1 minute, in hundredths. */
  readonly load: number;
  /** Seconds. */
  readonly uptime: number;
}

/** Reads the fixed facts from the folder `proc`. What it lacks comes from the runtime. */
export function readFixed(proc: string): FixedFacts {
  const online = read(proc, "stat")?.match(/^cpu\d+ /gm)?.length;
  const kib = Number(read(proc, "meminfo")?.match(/^MemTotal:\s+(\d+) kB/m)?.[1] ?? NaN);
  return {
    arch: read(proc, "sys/kernel/arch")?.trim() || machine(),
    kernel: read(proc, "sys/kernel/osrelease")?.trim() || release(),
    cpus: online ?? cpus().length,
    memory: Math.floor(Number.isNaN(kib) ? totalmem() / 2 ** 20 : kib / 1024),
  };
}

/** Reads the changing facts from the folder `proc`. What it lacks comes from the runtime. */
export function readMoving(proc: string): MovingFacts {
  const load = firstNumber(read(proc, "loadavg")) ?? loadavg()[0] ?? 0;
  const seconds = firstNumber(read(proc, "uptime")) ?? uptime();
  return { load: Math.round(load * 100), uptime: Math.floor(seconds) };
}

function firstNumber(text: string | undefined): number | undefined {
  const number = text?.match(/^\d+(\.\d+)?/)?.[0];
  return number === undefined ? undefined : Number(number);
}

function read(proc: string, file: string): string | undefined {
  try {
    return readFileSync(join(proc, file), "utf8");
  } catch {
    return undefined; // not every kernel has every file
  }
}
