import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimeArguments } from "../support/runtime_arguments.ts";

/** What a krakenctl process did. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A krakenctl process that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves when what it wrote to standard output satisfies the condition; rejects when it ends before. */
  waitFor(condition: (stdout: string) => boolean): Promise<void>;
  readonly ended: Promise<Ended>;
  /** Sends a signal to it. */
  signal(name: NodeJS.Signals): void;
}

const command = await runtimeArguments(fileURLToPath(new URL("../../ctl/main.ts", import.meta.url)));
/** Longest that a process may take, in milliseconds. */
const LIMIT = 60_000;

/** Starts krakenctl as a process of its own on the runtime of this test. */
export function startKrakenctl(args: readonly string[], server: string, input = ""): Running {
  const child = spawn(process.execPath, [...command, ...args], {
    env: { ...process.env, KRAKEN_SERVER: server },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  let check = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    check();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
  return {
    child,
    ended,
    waitFor(condition) {
      return new Promise((resolve, reject) => {
        check = () => condition(stdout) ? resolve() : undefined;
        check();
        ended.then(() => reject(new Error(`It ended first, and wrote: ${stdout}${stderr}`)));
      });
    },
    signal(name) {
      // Not child.kill(): Deno then reports the signal in place of the exit code, whatever the child made of it.
      if (child.pid !== undefined) process.kill(child.pid, name);
    },
  };
}

/** Runs krakenctl to its end. */
export function runKrakenctl(args: readonly string[], server: string, input = ""): Promise<Ended> {
  return startKrakenctl(args, server, input).ended;
}
