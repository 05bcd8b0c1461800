import process from "node:process";
import type { Env } from "./parse_options.ts";

/** The output of a program, and what it may assume about it. */
export interface Terminal {
  /** Writes to standard output. */
  write(text: string): void;
  /** Writes to standard error. */
  writeError(text: string): void;
  /** True when standard output is a screen that people look at. */
  readonly isTty: boolean;
  /** True when colours are wanted: a screen, and neither `NO_COLOR` nor `TERM=dumb`. */
  readonly colour: boolean;
  /** Columns of the screen; undefined without one, so that nothing is cut. */
  columns(): number | undefined;
  /** Lines of the screen; undefined without one. */
  rows(): number | undefined;
}

/** Makes the terminal of the process: its standard output and error. `env` decides about colours. */
export function systemTerminal(env: Env = process.env): Terminal {
  const { stdout, stderr } = process;
  const isTty = stdout.isTTY === true;
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    isTty,
    colour: isTty && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    columns: () => isTty ? stdout.columns : undefined,
    rows: () => isTty ? stdout.rows : undefined,
  };
}
