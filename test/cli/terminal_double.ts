import type { Terminal } from "../../src/cli/mod.ts";

/** A terminal that keeps what is written to it. */
export interface TerminalDouble extends Terminal {
  readonly output: () => string;
  readonly errors: () => string;
}

/** Makes a {@link TerminalDouble}; with a size it is a screen, without it is a file. */
export function createTerminalDouble(size?: { readonly columns: number; readonly rows: number }): TerminalDouble {
  let output = "";
  let errors = "";
  return {
    write: (text) => void (output += text),
    writeError: (text) => void (errors += text),
    isTty: size !== undefined,
    colour: false,
    columns: () => size?.columns,
    rows: () => size?.rows,
    output: () => output,
    errors: () => errors,
  };
}
