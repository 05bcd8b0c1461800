import { spawn } from "node:child_process";
import process from "node:process";
import { UnavailableError } from "../../src/module/mod.ts";

/** What a program has said, and how it ended. */
export interface Output {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What ipmitool must know and nobody else: it is in its environment, and so in no list of processes. */
export interface Secrets {
  readonly password: string;
  readonly kg?: string;
}

/** Runs ipmitool. The signal kills it. */
export type RunIpmitool = (args: readonly string[], secrets: Secrets, signal: AbortSignal) => Promise<Output>;

/** The most that is kept of what it says, in characters. */
const MAX_OUTPUT = 16 * 1024;

/**
 * Runs Debian's ipmitool.
 *
 * @throws {UnavailableError} When it is not there; the signal's reason, when that fires.
 */
export const runIpmitool: RunIpmitool = (args, { password, kg }, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const child = spawn("ipmitool", args, {
      env: {
        ...{ PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", IPMI_PASSWORD: password },
        ...(kg !== undefined && { IPMI_KGKEY: kg }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk) => {
        output[name] += String(chunk).slice(0, MAX_OUTPUT - output[name].length);
      });
    }
    const kill = () => void child.kill("SIGKILL");
    signal.addEventListener("abort", kill, { once: true });
    child.on("error", (error: NodeJS.ErrnoException) => {
      signal.removeEventListener("abort", kill);
      const why = error.code === "ENOENT"
        ? "it is not installed (Debian has it in the package 'ipmitool')"
        : error.message;
      reject(new UnavailableError(`Cannot run 'ipmitool': ${why}`));
    });
    child.on("close", (code) => {
      signal.removeEventListener("abort", kill);
      if (signal.aborted) reject(signal.reason);
      else resolve({ code, ...output });
    });
  });
