/** The longest text of a nodeset, in UTF-16 code units. */
export const MAX_NODESET_TEXT = 4 * 1024 * 1024;
/** The most names that a nodeset may stand for, repeated ones included. */
export const MAX_NODESET_NAMES = 200_000;
/** The longest name that a nodeset may stand for, in characters. */
const MAX_NAME_LENGTH = 64;
/** The longest number in brackets, in digits. */
const MAX_DIGITS = 9;

/** The names that a nodeset stands for, or the problem with its text. */
export type ParsedNodeset = { readonly ok: true; readonly names: string[] } | {
  readonly ok: false;
  readonly problem: string;
};

/** Part of one set: a fixed text, or ranges of numbers. */
type Part = { readonly kind: "text"; readonly text: string } | {
  readonly kind: "ranges";
  readonly ranges: readonly Range[];
  readonly count: number;
};

/** Numbers from first to last, with zeros in front up to `width` digits. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly width: number;
}

const TOO_LONG = `it has a name of more than ${MAX_NAME_LENGTH} characters`;

/** Ends the reading of a nodeset; never leaves this file. */
class NodesetError extends Error {}

/**
 * Parses a nodeset. `n[001-128,200]` keeps its zero padding, several brackets mean every combination (`r[1-2]n[1-4]`),
 * and commas join sets and plain names. The notation is that of Slurm and ClusterShell, without steps (`n[0-8/2]`) and
 * set operators.
 *
 * @param text At most 4 MiB, for at most 200,000 names (repeated ones count) of at most 64 characters each.
 * @returns Each name once, in the order of the text; or a problem with its position in the text (counted from 1) and
 * what was expected there.
 *
 * @example Names and problems
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseNodeset } from "../src/nodeset/mod.ts";
 *
 * const good = parseNodeset("n[08-10],login1");
 * assert(good.ok && good.names.join(" ") === "n08 n09 n10 login1");
 * const bad = parseNodeset("n[1-");
 * assert(!bad.ok && bad.problem.includes("at position 5"));
 * ```
 */
export function parseNodeset(text: string): ParsedNodeset {
  if (text.length > MAX_NODESET_TEXT) {
    return fail(`Cannot read a nodeset of ${text.length} characters: expected at most ${MAX_NODESET_TEXT}`);
  }
  try {
    return { ok: true, names: expandSets(createReader(text)) };
  } catch (error) {
    if (error instanceof NodesetError) return fail(error.message);
    throw error;
  }
}

function fail(problem: string): ParsedNodeset {
  return { ok: false, problem };
}

function createReader(text: string) {
  let at = 0;
  const quoted = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return {
    /** Takes what the sticky pattern matches here; "" where it doesn't. */
    take(pattern: RegExp): string {
      pattern.lastIndex = at;
      const taken = pattern.exec(text)?.[0] ?? "";
      at += taken.length;
      return taken;
    },
    get ended() {
      return at >= text.length;
    },
    error(expected: string): NodesetError {
      const found = at < text.length ? `found '${text[at]}'` : "the text ends there";
      return new NodesetError(`Cannot read nodeset '${quoted}' at position ${at + 1}: ${found}, expected ${expected}`);
    },
    refuse(why: string): NodesetError {
      return new NodesetError(`Cannot read nodeset '${quoted}': ${why}`);
    },
  };
}
type Reader = ReturnType<typeof createReader>;

const TEXT = /[A-Za-z0-9_.-]+/y;
const SPACE = /\s*/y;
const DIGITS = /[0-9]+/y;
const OPEN = /\[/y;
const CLOSE = /\]/y;
const COMMA = /,/y;
const DASH = /-/y;

function expandSets(reader: Reader): string[] {
  const names = new Set<string>();
  let count = 0;
  do {
    reader.take(SPACE);
    const parts = readSet(reader);
    count += parts.reduce((product, part) => product * (part.kind === "text" ? 1 : part.count), 1);
    if (count > MAX_NODESET_NAMES) throw reader.refuse(`it stands for more than ${MAX_NODESET_NAMES} names`);
    for (const name of expandSet(parts)) {
      if (name.length > MAX_NAME_LENGTH) throw reader.refuse(TOO_LONG);
      names.add(name);
    }
    reader.take(SPACE);
  } while (reader.take(COMMA) !== "");
  if (!reader.ended) throw reader.error("a comma, a '[' or a name of letters, digits, '_', '.' and '-'");
  return [...names];
}

function readSet(reader: Reader): Part[] {
  const parts: Part[] = [];
  while (true) {
    const text = reader.take(TEXT);
    if (text !== "") parts.push({ kind: "text", text });
    else if (reader.take(OPEN) !== "") parts.push(readRanges(reader));
    else break;
    // Each part is at least one character of each name.
    if (parts.length > MAX_NAME_LENGTH) throw reader.refuse(TOO_LONG);
  }
  if (parts.length === 0) throw reader.error("a name such as 'n1' or a set such as 'n[1-8]'");
  return parts;
}

function readRanges(reader: Reader): Part {
  const ranges: Range[] = [];
  do ranges.push(readRange(reader)); while (reader.take(COMMA) !== "");
  if (reader.take(CLOSE) === "") throw reader.error("',', '-' or ']'");
  return { kind: "ranges", ranges, count: ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0) };
}

function readRange(reader: Reader): Range {
  const first = readNumber(reader);
  const width = first.startsWith("0") ? first.length : 1;
  if (reader.take(DASH) === "") return { first: Number(first), last: Number(first), width };
  const last = readNumber(reader);
  if (Number(last) < Number(first)) {
    throw reader.refuse(`the range '${first}-${last}' counts down, expected '${last}-${first}'`);
  }
  if (last.length < width || (last.startsWith("0") && last.length !== first.length)) {
    throw reader.refuse(
      `the ends of the range '${first}-${last}' are padded differently, expected equally many digits`,
    );
  }
  return { first: Number(first), last: Number(last), width };
}

function readNumber(reader: Reader): string {
  const digits = reader.take(DIGITS);
  if (digits === "") throw reader.error("a number");
  if (digits.length > MAX_DIGITS) throw reader.refuse(`a number in brackets has more than ${MAX_DIGITS} digits`);
  return digits;
}

/** Every combination of the parts, the last one counting fastest. */
function* expandSet(parts: readonly Part[]): Generator<string> {
  const [part, ...rest] = parts;
  if (part === undefined) return yield "";
  for (const start of part.kind === "text" ? [part.text] : expandRanges(part.ranges)) {
    for (const end of expandSet(rest)) yield start + end;
  }
}

function* expandRanges(ranges: readonly Range[]): Generator<string> {
  for (const { first, last, width } of ranges) {
    for (let number = first; number <= last; number += 1) yield String(number).padStart(width, "0");
  }
}
