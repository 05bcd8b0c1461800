import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

/** An output file larger than this is emptied when its program starts, in bytes. */
const MAX_SIZE = 2 ** 20;
/** The part of the end of an output in which its last line is searched, in bytes. */
const TAIL = 4096;
/** The longest last line to show, in characters. */
const MAX_LINE = 300;

/** An open output file. */
export interface Output {
  /** The descriptor for the program; the caller closes it. */
  readonly descriptor: number;
  /** Where the output of this run begins. */
  readonly from: number;
}

/** Opens the output file `file` for appending; a file larger than 1 MiB is emptied first. */
export function openOutput(file: string): Output {
  const descriptor = openSync(file, "a");
  if (fstatSync(descriptor).size > MAX_SIZE) ftruncateSync(descriptor, 0);
  return { descriptor, from: fstatSync(descriptor).size };
}

/** Returns the last line of the output `file` that is not empty, from the position `from` on; "" if there is none. */
export function lastLine(file: string, from: number): string {
  const line = endOf(file, TAIL, from).split("\n").map(printable).filter((line) => line !== "").at(-1) ?? "";
  return line.slice(0, MAX_LINE);
}

/**
 * The last lines of an output, without control characters.
 *
 * @param lines At most so many.
 * @param length At most so many characters in all: the first of the lines may be cut at its beginning.
 * @returns Lines with a line feed after each; "" where there are none, or the file can't be read.
 */
export function tailOf(file: string, lines: number, length: number): string {
  const text = endOf(file, 4 * length, 0); // a character has at most four bytes
  const all = text.replace(/\n$/, "").split("\n").map((line) => line.replace(/\t/g, "    ").replace(/\p{Cc}/gu, " "));
  const last = all.slice(-lines).map((line) => `${line.trimEnd()}\n`).join("");
  return last === "\n" ? "" : last.slice(-length);
}

/** The end of a file. @param bytes At most so many. @param from Where it begins at the earliest. */
function endOf(file: string, bytes: number, from: number): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const { size } = fstatSync(descriptor);
    const start = Math.max(from, size - bytes);
    const buffer = new Uint8Array(Math.max(0, size - start));
    const length = readSync(descriptor, buffer, 0, buffer.length, start);
    return new TextDecoder().decode(buffer.subarray(0, length));
  } catch {
    return ""; // an output that can't be read only makes a message shorter
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Removes control characters, which would disturb the terminals of readers. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, " ").trim();
}
