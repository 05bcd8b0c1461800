import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, statSync } from "node:fs";
import { constants } from "node:os";
import type { Clock } from "../clock.ts";
import { openOutput } from "./output.ts";
import {
  identityOf,
  isRunning,
  membersOf,
  processesMarked,
  type ProcessIdentity,
  signalGroup,
} from "./process_table.ts";
import { startFailure } from "./start_failure.ts";

/** In the environment of a program, and so of what it starts: which start of which program that was. */
const MARK = "KRAKEN_PROGRAM";
/** How often a program that is not our child is looked at, in milliseconds. */
const WATCH_INTERVAL = 500;

/** What to start. */
export interface ProgramToStart {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd?: string | undefined;
  /** Tells what it leaves behind when it ends: a variable in its environment marks that. */
  readonly isMarked?: boolean;
}

/** How a program ended. */
export interface Exit {
  /** Its exit code, or 128 and the number of the signal; undefined when nobody was there to see it. */
  readonly code: number | undefined;
  /** In words, to follow the program's name. */
  readonly words: string;
  /** Set where it ended with code 0 and left processes behind, as a program does that goes into the background. */
  readonly left?: LeftBehind;
}

/** Processes that a program left behind. */
export interface LeftBehind {
  /** How many were in its process group, and are ended. */
  readonly ended: number;
  /** The ids of those that had left the group: they run on, and nobody watches them. */
  readonly running: readonly number[];
}

/** A program that runs in a process group of its own. */
export interface Program {
  readonly pid: number;
  /** Undefined when it had ended before it could be looked at. */
  readonly identity: ProcessIdentity | undefined;
  /** Where this run's output begins in its file. */
  readonly outputFrom: number;
  /** Resolves when it has ended. What is left of its group is killed then: a program stays in the foreground. */
  readonly ended: Promise<Exit>;
}

/**
 * Starts a program.
 *
 * @param signal Once it fires, this process no longer waits for the program: it outlives the agent.
 * @throws {Error} When there is no such folder. @throws {StartError} When there is no such command, or it may not be run.
 */
export async function startProgram(what: ProgramToStart, outputFile: string, signal: AbortSignal): Promise<Program> {
  const { command, args, cwd } = what;
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(`Cannot start '${command}' as its folder '${cwd}' does not exist`);
  }
  const mark = what.isMarked === true ? randomUUID() : undefined;
  const output = openOutput(outputFile);
  try {
    const child = spawn(command, [...args], {
      detached: true, // a session and a process group of its own
      stdio: ["ignore", output.descriptor, output.descriptor],
      env: { ...what.env, ...(mark !== undefined && { [MARK]: mark }) },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const failed = new Promise<Error>((resolve) => child.once("error", resolve));
    const exited = new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve(exitOf(code, signal))));
    const { pid } = child;
    if (pid === undefined) throw startFailure(command, await failed);
    const letGo = () => child.unref();
    signal.addEventListener("abort", letGo, { once: true });
    exited.then(() => signal.removeEventListener("abort", letGo));
    return { pid, identity: identityOf(pid), outputFrom: output.from, ended: endGroup(pid, exited, mark) };
  } finally {
    closeSync(output.descriptor);
  }
}

/**
 * Watches a program that an earlier run of the agent started. How it ends can't be seen then, only that it does.
 *
 * @param signal Ends the watch; `ended` stays open then.
 */
export function adoptProgram(identity: ProcessIdentity, clock: Clock, signal: AbortSignal): Program {
  const exited = new Promise<Exit>((resolve) => {
    const look = () => {
      if (isRunning(identity)) cancel = clock.after(WATCH_INTERVAL, look);
      else resolve({ code: undefined, words: "ended, with an exit code that only the agent before could have seen" });
    };
    let cancel = clock.after(0, look);
    signal.addEventListener("abort", () => cancel(), { once: true });
  });
  return { pid: identity.pid, identity, outputFrom: 0, ended: endGroup(identity.pid, exited) };
}

/** Ends a program: SIGTERM to its group and, when `stopTimeout` milliseconds were not enough, SIGKILL. */
export async function stopProgram(program: Program, stopTimeout: number, clock: Clock): Promise<Exit> {
  signalGroup(program.pid, "SIGTERM");
  const cancel = clock.after(stopTimeout, () => signalGroup(program.pid, "SIGKILL"));
  try {
    return await program.ended;
  } finally {
    cancel();
  }
}

/** What comes first: the end of the program, `ms` milliseconds, or the abort. */
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
  const group = exit.code === 0 && mark !== undefined ? membersOf(pid) : [];
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
