import { spawn } from "node:child_process";

/** Thrown for a program that cannot be started. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** Whether the program does not exist. */
  readonly isMissing: boolean;
  constructor(message: string, isMissing: boolean) {
    super(message);
    this.isMissing = isMissing;
  }
}

/**
 * Explains why `command` cannot be started, from the error of `spawn`.
 *
 * @param error The error.
 */
export function startFailure(command: string, error: Error): StartError {
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new StartError(`Cannot start '${command}' as there is no such command`, true);
  if (code === "EACCES") return new StartError(`Cannot start '${command}' as it may not be executed`, false);
  return new StartError(`Cannot start '${command}': ${error.message}`, false);
}

/** The longest part of each output of a program to keep, in characters. */
const MAX_OUTPUT = 16 * 1024;

/** The output of a program, and how it ended. */
export interface ProgramOutput {
  /** Null if a signal ended it. */
  readonly code: number | null;
  /** The first 16 Ki characters. */
  readonly stdout: string;
  /** The first 16 Ki characters. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, with empty input.
 *
 * @param program Name or path of the program.
 * @param args Its arguments.
 * @param env Its whole environment.
 * @param signal Kills it. For a time limit, pass the signal of `within` (src/toolkit).
 * @throws {StartError} If it cannot be started; the signal's reason, as soon as that fires.
 */
export async function execute(
  program: string,
  args: readonly string[],
  env: { readonly [name: string]: string },
  signal: AbortSignal,
): Promise<ProgramOutput> {
  signal.throwIfAborted();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => {
      output[name] += text.slice(0, MAX_OUTPUT - output[name].length);
    });
  }
  let end = () => {};
  try {
    return await new Promise<ProgramOutput>((resolve, reject) => {
      end = () => {
        child.kill("SIGKILL");
        reject(signal.reason);
      };
      signal.addEventListener("abort", end, { once: true });
      child.on("error", (error) => reject(startFailure(program, error)));
      child.on("close", (code) => resolve({ code, ...output }));
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
}
