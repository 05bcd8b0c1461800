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

/** Makes a text stand out. */
export type Paint = (text: string) => string;

/** Ways for text to stand out; all of them leave it as it is where there are no colours. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Makes a {@link Style}; without `colour` it changes nothing. */
export function createStyle(colour: boolean): Style {
  const paint = (start: number, end: number): Paint => (text) => colour ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}
