import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { GaveUp, waitFor } from "./wait.ts";

/** A program of Kraken that runs as a process of its own. */
export interface Running {
  readonly pid: number;
  /** What it printed when it was ready, such as the ports that it listens on. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Resolves when it has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly running: boolean;
  /** Asks it to end (SIGTERM) and, when it has not done so in 15 s, kills it. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** How to start a program. */
export interface StartOptions {
  readonly command: readonly string[];
  /** Where its output goes. */
  readonly logFile: string;
  /** Where its process id is written, for people. */
  readonly pidFile?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to say that it is ready, in milliseconds. @default 60000 */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** Where `setpriv` is, which lets a process die with its parent; undefined where the system has none. */
const SETPRIV: string | undefined = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));

/**
 * Starts a program and waits until it prints a line of JSON with `"ready":true`.
 *
 * It dies with this process, however this process ends, where the system has `setpriv`.
 *
 * @throws {Error} When it ends before it is ready: with the end of its output.
 */
export async function startKraken(options: StartOptions): Promise<Running> {
  const { child, exited } = spawnProgram(options, "pipe");
  try {
    const ready = await readyLine(child, options);
    return runningOf(child, ready, exited);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/**
 * Starts a program of others, which says nothing when it is ready, and waits until `isReady` gives true. It dies with this
 * process as those of {@link startKraken} do; one that changes its user or group by itself does not.
 *
 * @throws {Error} When it ends before it is ready: with the end of its output.
 */
export async function startServer(options: StartOptions, isReady: () => Promise<boolean>): Promise<Running> {
  const { child, exited } = spawnProgram(options, "log");
  const running = runningOf(child, {}, exited);
  let ended = "";
  void exited.then(({ code, signal }) => ended = `it ended with ${signal ?? `code ${code}`}`);
  try {
    await waitFor(`'${options.command.join(" ")}' was ready`, async () => {
      if (ended !== "") throw new GaveUp(`${ended}:\n${readFileSync(options.logFile, "utf8").slice(-2000)}`);
      return await isReady();
    }, { ...waitOptions(options), every: 20 });
    return running;
  } catch (error) {
    await running.kill();
    throw error;
  }
}

function waitOptions({ limit = 60_000, signal }: StartOptions): { limit: number; signal?: AbortSignal } {
  return { limit, ...(signal === undefined ? {} : { signal }) };
}

function spawnProgram(
  options: StartOptions,
  stdout: "pipe" | "log",
): { child: ChildProcess; exited: Running["exited"] } {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, "a");
  const whole = SETPRIV === undefined ? options.command : [SETPRIV, "--pdeathsig", "KILL", "--", ...options.command];
  const [file = "", ...args] = whole;
  // In a group of its own: a terminal's Ctrl-C goes to this process alone, which then ends the others in order.
  const child = spawn(file, args, {
    stdio: ["ignore", stdout === "pipe" ? "pipe" : log, log],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  closeSync(log);
  if (options.pidFile !== undefined) writeFileSync(options.pidFile, `${child.pid ?? ""}\n`);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: 127, signal: null }));
  });
  return { child, exited };
}

async function readyLine(child: ChildProcess, options: StartOptions): Promise<Record<string, unknown>> {
  let printed = "";
  let ended = "";
  child.stdout?.setEncoding("utf8");
  child.stdout?.on("data", (text: string) => printed = (printed + text).slice(-65_536));
  child.once("exit", (code, signal) => ended = `it ended with ${signal ?? `code ${code}`}`);
  child.once("error", (error) => ended = error.message);
  const name = options.command.join(" ");
  return await waitFor(`'${name}' was ready`, () => {
    if (ended !== "") throw new GaveUp(`${ended}:\n${readFileSync(options.logFile, "utf8").slice(-2000)}`);
    for (const line of printed.split("\n")) {
      if (!line.startsWith("{") || !line.includes('"ready":true')) continue;
      return JSON.parse(line) as Record<string, unknown>; // an object, as it starts with a brace
    }
    return undefined;
  }, waitOptions(options));
}

function runningOf(child: ChildProcess, ready: Record<string, unknown>, exited: Running["exited"]): Running {
  let running = child.exitCode === null && child.signalCode === null;
  void exited.then(() => running = false);
  /** By process id: Deno takes a child that it has sent a signal for one that the signal has ended. */
  function send(signal: NodeJS.Signals): void {
    if (running && child.pid !== undefined) process.kill(child.pid, signal);
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!running) return;
    send(signal);
    const timer = setTimeout(() => send("SIGKILL"), 15_000);
    await exited;
    clearTimeout(timer);
  }
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    get running() {
      return running;
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}
