import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { type Memory, readMemoryUse, readUse } from "../sync/process_stats.ts";
import type { Births } from "./listen.ts";

/**
 * As little as an agent has in a machine. Of a developer's environment `NODE_EXTRA_CA_CERTS` alone makes Node read all
 * certificates at its start, in 40 ms.
 */
const ENV = { PATH: "/usr/bin:/bin", HOME: process.env.HOME ?? "/" };

/** How one start of an agent went. */
export interface Start {
  /** Milliseconds from its start to its first message at a subscriber. */
  readonly firstMs: number;
  /** CPU time until then, of all its threads, in milliseconds: in steps of 10. */
  readonly cpuMs: number;
  /** Its memory after a while; undefined where it was not waited for. */
  readonly memory: Memory | undefined;
}

/**
 * Starts an agent and waits for its first message, and kills it.
 *
 * @param settle Milliseconds until its memory is read; undefined for not at all.
 */
export async function startOnce(
  command: readonly string[],
  births: Births,
  settle: number | undefined,
  signal: AbortSignal,
): Promise<Start> {
  signal.throwIfAborted();
  const runDir = mkdtempSync(join(tmpdir(), "kraken-agent-"));
  const [file = "", ...args] = command;
  const first = births.next();
  const start = performance.now();
  const child = spawn(file, [...args, "--run-dir", runDir], { stdio: "ignore", env: ENV });
  const { pid } = child;
  try {
    if (pid === undefined) throw new Error(`Cannot start '${file}'`);
    const at = await first;
    const { cpuMs } = readUse(pid);
    if (settle !== undefined) await delay(settle, undefined, { signal });
    return { firstMs: at - start, cpuMs, memory: settle === undefined ? undefined : readMemoryUse(pid) };
  } finally {
    await kill(child);
    rmSync(runDir, { recursive: true, force: true });
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await exited;
}
