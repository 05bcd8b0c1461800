import process from "node:process";
import { describeError, STACK_VARIABLE } from "./describe_error.ts";
import { renderHelp, standardOptions } from "./help.ts";
import type { Options, OptionValues } from "./option.ts";
import { type Env, parseOptions, type Positionals } from "./parse_options.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";
import { versionLine } from "./std_cli.ts";

/** Exit codes that every program shares. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** The surroundings of a program. */
export interface Io {
  /** The command line, without the program's own name. */
  readonly args: readonly string[];
  readonly env: Env;
  readonly terminal: Terminal;
  /** Fires on SIGINT and SIGTERM: end cleanly. A second signal ends the process at once. */
  readonly signal: AbortSignal;
}

/** Thrown to end a program with a message for people, which is shown without a stack. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  /** The exit code of the process. */
  readonly exitCode: number;
  /** @param exitCode The exit code of the process. Default 1. */
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A program, as its command line declares it. */
export interface Program<O extends Options> {
  readonly name: string;
  /** The purpose for help, in a sentence or more. */
  readonly about: string;
  readonly options: O;
  /** Absent: it takes options only. */
  readonly positionals?: Positionals;
  readonly examples?: readonly string[];
}

/**
 * Declares a program. It returns `program`, typed as exactly as it was written, so that option values have exact
 * types.
 *
 * @example A program with one option
 * ```ts
 * import { defineProgram } from "../src/cli/mod.ts";
 * const program = defineProgram({
 *   name: "kraken-example",
 *   about: "Waits.",
 *   options: { wait: { kind: "duration", default: 10_000, help: "How long" } },
 * });
 * if (program.options.wait.default !== 10_000) throw new Error("Expected 10000");
 * ```
 */
export function defineProgram<const O extends Options>(program: Program<O>): Program<O> {
  return program;
}

/** The surroundings of a program's work: {@link Io}, with the command line parsed. */
export interface ProgramRun<O extends Options> {
  readonly options: OptionValues<O>;
  /** The arguments that are no options. */
  readonly args: readonly string[];
  readonly env: Env;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Parses the command line of a program, answers `--help`, `--version` and usage errors, and otherwise runs it.
 *
 * @param program The program.
 * @param io Its surroundings.
 * @param work Does the work.
 * @returns The exit code.
 */
export function callProgram<const O extends Options>(
  program: Program<O>,
  io: Io,
  work: (run: ProgramRun<O>) => Promise<number>,
): Promise<number> | number {
  const parsed = parseOptions(program.options, program.positionals, io.args, io.env);
  switch (parsed.kind) {
    case "help":
      io.terminal.write(programHelp(program));
      return EXIT.ok;
    case "version":
      io.terminal.write(versionLine(program.name));
      return EXIT.ok;
    case "error":
      io.terminal.writeError(`${program.name}: ${parsed.problem}\nSee \`${program.name} --help\`\n`);
      return EXIT.usage;
    case "run":
      return work({ ...parsed, env: io.env, terminal: io.terminal, signal: io.signal });
    default:
      return parsed satisfies never;
  }
}

/** Renders the text of `--help` of `program`. */
export function programHelp(program: Program<Options>): string {
  const usage = [program.name, "[OPTION ...]", program.positionals?.usage ?? ""].join(" ").trimEnd();
  return renderHelp({
    usage,
    about: program.about,
    options: [{ title: "Options", options: { ...program.options, ...standardOptions } }],
    ...(program.examples === undefined ? {} : { examples: program.examples }),
  });
}

/**
 * Runs a program as this process. See {@link runProcess}.
 *
 * @param program The program.
 * @param work Does the work, and resolves to the exit code.
 */
export function runProgram<const O extends Options>(
  program: Program<O>,
  work: (run: ProgramRun<O>) => Promise<number>,
): Promise<void> {
  return runProcess(program.name, async (io) => await callProgram(program, io, work));
}

/**
 * Runs `main` with the process's command line, environment, terminal and signals, and exits with the code to which it
 * resolves. An error that it throws, or that is thrown anywhere else and not caught, is shown in one line; the process
 * then exits with 1, or with the error's own code ({@link ProgramError}).
 *
 * @param name The program's name, for messages.
 * @param main Does the work.
 */
export async function runProcess(name: string, main: (io: Io) => Promise<number>): Promise<void> {
  const terminal = systemTerminal();
  const controller = new AbortController();
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(128 + number);
      controller.abort(new ProgramError(`Ended by ${signal}`, 128 + number));
    });
  }
  // The reader of the output may stop, as `head` does: that ends the work, and is not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? EXIT.ok : 1));
  /** Shows why the program ends. @returns The exit code. */
  function show(error: unknown): number {
    const isExpected = error instanceof ProgramError;
    const stack = !isExpected && process.env[STACK_VARIABLE] === "1" && error instanceof Error
      ? error.stack
      : undefined;
    terminal.writeError(`${name}: ${describeError(error, isExpected)}\n${stack === undefined ? "" : `${stack}\n`}`);
    return isExpected ? error.exitCode : EXIT.failed;
  }
  async function exit(code: number): Promise<never> {
    await Promise.all([flush(process.stdout), flush(process.stderr)]);
    process.exit(code);
  }
  let isEnding = false;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      if (isEnding) return; // the first one says why
      isEnding = true;
      void exit(show(error));
    });
  }
  let code: number;
  try {
    code = await main({ args: process.argv.slice(2), env: process.env, terminal, signal: controller.signal });
  } catch (error) {
    if (isEnding) return;
    code = show(error);
  }
  if (isEnding) return;
  isEnding = true;
  await exit(code);
}

/** Resolves when `signal` has fired. A program that runs until it is ended waits for that. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Ends a stream: on Bun only that tells when everything has been taken. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.end(() => resolve()));
}
