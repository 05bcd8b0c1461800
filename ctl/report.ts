import { stringify } from "yaml";
import { cleanText, EXIT, type Style, type Terminal } from "../src/cli/mod.ts";
import type { Answer, Failure } from "../src/api/client/mod.ts";
import { describeFailure, exitCodeOf } from "./answer.ts";

/** What is needed to show something. */
export interface Shown {
  readonly terminal: Terminal;
  readonly style: Style;
  readonly options: { readonly output: "table" | "json" | "yaml" };
}

/** Shows a failure, every problem on its own line. Returns the exit code. */
export function reportFailure(shown: Pick<Shown, "terminal">, failure: Failure): number {
  const lines = describeFailure(failure).map(cleanText);
  const [first = "", ...rest] = lines;
  if (lines.length > 0) shown.terminal.writeError([`krakenctl: ${first}`, ...rest, ""].join("\n"));
  return exitCodeOf(failure);
}

/** Shows problems that were found before anything was asked of the server. Returns the exit code. */
export function reportProblems(shown: Pick<Shown, "terminal">, problems: readonly string[]): number {
  return reportFailure(shown, { kind: "refused", status: 0, title: "", problems });
}

/** Shows an answer as it was asked for: as a text for people, or as data. Returns the exit code. */
export function reportAnswer<T>(shown: Shown, answer: Answer<T>, describe: (value: T) => readonly string[]): number {
  if (!answer.ok) return reportFailure(shown, answer.failure);
  switch (shown.options.output) {
    case "table":
      writeLines(shown.terminal, describe(answer.value));
      break;
    case "json":
      shown.terminal.write(`${JSON.stringify(answer.value, undefined, 2)}\n`);
      break;
    case "yaml":
      shown.terminal.write(stringify(answer.value, { compat: "yaml-1.1" }));
      break;
    default:
      shown.options.output satisfies never;
  }
  return EXIT.ok;
}

/** Writes lines to standard output. */
export function writeLines(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.write(`${lines.join("\n")}\n`);
}
