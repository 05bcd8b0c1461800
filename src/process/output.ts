import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

/** An output file over this size is emptied when its program is started, in bytes. */
const MAX_SIZE = 2 ** 20;
/** How much of the end of an output is searched for its last line, in bytes. */
const TAIL = 4096;
/** The longest last line that is shown, in characters. */
const MAX_LINE = 300;

/** An open output file. */
export interface Output {
  /** The descriptor to hand to the program; the caller closes it. */
  readonly descriptor: number;
  /** Where this run's output begins. */
  readonly from: number;
}

/** Opens a program's output file for appending; one that has grown over 1 MiB begins anew. */
export function openOutput(file: string): Output {
  const descriptor = openSync(file, "a");
  if (fstatSync(descriptor).size > MAX_SIZE) ftruncateSync(descriptor, 0);
  return { descriptor, from: fstatSync(descriptor).size };
}

/** The last line of an output that is not empty, from a place on; "" where there is none. */
export function lastLine(file: string, from: number): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const { size } = fstatSync(descriptor);
    const start = Math.max(from, size - TAIL);
    const bytes = new Uint8Array(Math.max(0, size - start));
    const length = readSync(descriptor, bytes, 0, bytes.length, start);
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    const line = text.split("\n").map(printable).filter((line) => line !== "").at(-1) ?? "";
    return line.slice(0, MAX_LINE);
  } catch {
    return ""; // an output that can't be read only makes an error message shorter
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A line without control characters, which would upset the terminals of those who read it. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, " ").trim();
}
