import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { argumentsOf, processesMarked } from "../src/process/mod.ts";

/** How a command ended. */
export interface CommandResult {
  /** undefined when a signal ended it, or when it could not be started. */
  readonly code: number | undefined;
  /** What it wrote to stdout and stderr, in order: the last {@link OUTPUT_LIMIT} characters. */
  readonly output: string;
  /** True when it was killed because its time was up. */
  readonly timedOut: boolean;
  /** Command lines of processes that it left behind. They are killed. */
  readonly leftovers: readonly string[];
}

/** How a command is run. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Beside this process's own environment. */
  readonly env?: { readonly [name: string]: string };
  /** Milliseconds until it is killed. @default 600000 */
  readonly timeout?: number;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

/** The most output, in characters, that is kept of one command. */
export const OUTPUT_LIMIT: number = 1 << 20;

/** Milliseconds that what a command started has to end after it. */
const GRACE = 3_000;

/**
 * Runs a command to its end, and ends everything that it started. Processes are recognised by a mark in their
 * environment, which also those in sessions of their own inherit.
 */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file, ...args] = command;
  if (file === undefined) throw new TypeError("Cannot run a command that has no words");
  const mark = `KRAKEN_RUN_${randomUUID().replaceAll("-", "")}`;
  // A group of its own: a terminal's Ctrl-C goes to this process alone, which then ends the rest in order.
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env, [mark]: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = collectOutput(child);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killMarked(mark, child);
  }, options.timeout ?? 600_000);
  const abort = () => killMarked(mark, child);
  options.signal?.addEventListener("abort", abort);
  if (options.signal?.aborted === true) abort();
  try {
    const { code, problem } = await exitOf(child);
    const leftovers = await endMarked(mark, child, timedOut || options.signal?.aborted === true ? 0 : GRACE);
    await Promise.race([closed, delay(GRACE, undefined, { ref: false })]);
    return { code, output: problem + output(), timedOut, leftovers };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}

/** Waits for its end. A command that can't be started ends without a code, and with the problem in words. */
function exitOf(child: ChildProcess): Promise<{ readonly code: number | undefined; readonly problem: string }> {
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve({ code: code ?? undefined, problem: "" }));
    child.once("error", (error) => {
      resolve({ code: undefined, problem: `Cannot start "${child.spawnfile}": ${error.message}\n` });
    });
  });
}

function collectOutput(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > 2 * OUTPUT_LIMIT) text = text.slice(-OUTPUT_LIMIT);
    });
  }
  return () => text.slice(-OUTPUT_LIMIT);
}

/** Waits until nothing that carries the mark is left, kills what is left after `grace` ms, and names it. */
async function endMarked(mark: string, child: ChildProcess, grace: number): Promise<string[]> {
  const end = performance.now() + grace;
  let left = markedProcesses(mark);
  while (left.length > 0 && performance.now() < end) {
    await delay(20);
    left = markedProcesses(mark);
  }
  if (left.length > 0) killMarked(mark, child);
  return left.map((found) => found.command);
}

/** Kills everything that carries the mark, and again until what forked meanwhile is gone too. */
function killMarked(mark: string, child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  for (let round = 0; round < 10; round++) {
    const left = markedProcesses(mark);
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended since it was listed.
      }
    }
  }
}

/** Living processes with the mark in their environment. Where there is no /proc none are found. */
function markedProcesses(mark: string): { readonly pid: number; readonly command: string }[] {
  if (!existsSync("/proc/self/environ")) return [];
  return processesMarked(mark, "1").flatMap((pid) => {
    const command = argumentsOf(pid).join(" ").trim();
    return command === "" ? [] : [{ pid, command }];
  });
}
