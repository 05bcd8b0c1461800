import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, statSync } from "node:fs";
import { constants } from "node:os";
import type { Clock } from "../clock.ts";
import { openOutput } from "./output.ts";
import {
  groupMembersOf,
  identityOf,
  isRunning,
  processesMarked,
  type ProcessIdentity,
  signalGroup,
} from "./process_table.ts";
import { startFailure } from "./execute.ts";

/** Environment variable of a program and its descendants: names the start of that program. */
const MARK = "KRAKEN_PROGRAM";
/** How often a program that is not a child is checked, in milliseconds. */
const WATCH_INTERVAL = 500;

/** What to start. */
export interface ProgramToStart {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd?: string | undefined;
  /** Whether to report what it leaves behind when it ends: a variable in its environment marks that. */
  readonly isMarked?: boolean;
}

/** How a program ended. */
export interface Exit {
  /** Its exit code, or 128 plus the number of the signal; undefined if nothing saw its end. */
  readonly code: number | undefined;
  /** In words, to follow the program's name. */
  readonly words: string;
  /** Set if it ended with code 0 and left processes behind, as a program does that goes into the background. */
  readonly left?: LeftBehind;
}

/** Processes that a program left behind. */
export interface LeftBehind {
  /** The number of those in its process group, which have been ended. */
  readonly ended: number;
  /** The ids of those that had left the group: they continue unsupervised. */
  readonly running: readonly number[];
}

/** A program that runs in its own process group. */
export interface RunningProgram {
  readonly pid: number;
  /** Undefined if it had ended before it could be read. */
  readonly identity: ProcessIdentity | undefined;
  /** Where the output of this run begins in its file. */
  readonly outputFrom: number;
  /** Resolves when it has ended. The rest of its group is then killed: a program must stay in the foreground. */
  readonly ended: Promise<Exit>;
}

/**
 * Starts a program.
 *
 * @param what The program.
 * @param outputFile Takes its output.
 * @param signal When it fires, this process stops waiting for the program, which outlives the agent.
 * @throws {Error} If its folder does not exist. @throws {StartError} If the command does not exist or may not be run.
 */
export async function startProgram(
  what: ProgramToStart,
  outputFile: string,
  signal: AbortSignal,
): Promise<RunningProgram> {
  const { command, args, cwd } = what;
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(`Cannot start '${command}' as its folder '${cwd}' does not exist`);
  }
  const mark = what.isMarked === true ? randomUUID() : undefined;
  const output = openOutput(outputFile);
  try {
    const child = spawn(command, [...args], {
      detached: true, // its own session and process group
      stdio: ["ignore", output.descriptor, output.descriptor],
      env: { ...what.env, ...(mark !== undefined && { [MARK]: mark }) },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const failed = new Promise<Error>((resolve) => child.once("error", resolve));
    const exited = new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve(exitOf(code, signal))));
    const { pid } = child;
    if (pid === undefined) throw startFailure(command, await failed);
    const unref = () => child.unref();
    signal.addEventListener("abort", unref, { once: true });
    exited.then(() => signal.removeEventListener("abort", unref));
    return { pid, identity: identityOf(pid), outputFrom: output.from, ended: endGroup(pid, exited, mark) };
  } finally {
    closeSync(output.descriptor);
  }
}

/**
 * Watches a program that an earlier run of the agent started. Only the fact that it ends can be seen, not how.
 *
 * @param identity The program's process.
 * @param clock Times the checks.
 * @param signal Ends the watch; `ended` then stays pending.
 */
export function adoptProgram(identity: ProcessIdentity, clock: Clock, signal: AbortSignal): RunningProgram {
  const exited = new Promise<Exit>((resolve) => {
    const look = () => {
      if (isRunning(identity)) cancel = clock.after(WATCH_INTERVAL, look);
      else {resolve({
          code: undefined,
          words: "ended with an unknown exit code, because the agent that started it is gone",
        });}
    };
    let cancel = clock.after(0, look);
    signal.addEventListener("abort", () => cancel(), { once: true });
  });
  return { pid: identity.pid, identity, outputFrom: 0, ended: endGroup(identity.pid, exited) };
}

/**
 * Ends `program`: SIGTERM to its group, and SIGKILL if `stopTimeout` milliseconds were not enough.
 *
 * @param clock Times the wait.
 */
export async function stopProgram(program: RunningProgram, stopTimeout: number, clock: Clock): Promise<Exit> {
  signalGroup(program.pid, "SIGTERM");
  const cancel = clock.after(stopTimeout, () => signalGroup(program.pid, "SIGKILL"));
  try {
    return await program.ended;
  } finally {
    cancel();
  }
}

/**
 * Returns what comes first: the end of the program (`ended`), `ms` milliseconds by `clock`, or the abort of `signal`.
 */
export async function firstOf(
  ended: Promise<Exit>,
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<Exit | "steady" | "aborted"> {
  const over = new AbortController();
  let cancel = () => {};
  try {
    return await Promise.race([
      ended,
      new Promise<"steady">((resolve) => {
        cancel = clock.after(ms, () => resolve("steady"));
      }),
      new Promise<"aborted">((resolve) => {
        if (signal.aborted) resolve("aborted");
        signal.addEventListener("abort", () => resolve("aborted"), { once: true, signal: over.signal });
      }),
    ]);
  } finally {
    cancel();
    over.abort();
  }
}

async function endGroup(pid: number, exited: Promise<Exit>, mark?: string): Promise<Exit> {
  const exit = await exited;
  const group = exit.code === 0 && mark !== undefined ? groupMembersOf(pid) : [];
  signalGroup(pid, "SIGKILL");
  if (exit.code !== 0 || mark === undefined) return exit;
  const running = processesMarked(MARK, mark).filter((other) => other !== pid && !group.includes(other));
  if (group.length === 0 && running.length === 0) return exit;
  return { ...exit, left: { ended: group.length, running } };
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal !== null) return { code: 128 + constants.signals[signal], words: `was killed by ${signal}` };
  return { code: code ?? undefined, words: `exited with code ${code}` };
}
