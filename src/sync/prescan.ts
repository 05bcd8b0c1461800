import { MAX_DEPTH, MAX_FRAME_BYTES, MAX_ITEMS } from "./limits.ts";

/** What {@link prescan} allows. */
export interface PrescanLimits {
  /** @default 327680 */
  readonly bytes?: number;
  /** @default 131072 */
  readonly items?: number;
  /** @default 16 */
  readonly depth?: number;
}

/** One list or map that is being read. */
interface Open {
  /** Items still to come: a map's keys and values count each. */
  left: number;
  /** A map's keys so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
}

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

/**
 * Checks that bytes are one CBOR data item (RFC 8949) within Kraken's profile, before anything decodes them: definite
 * lengths, no tags, no floats, no byte strings, integers within ±(2^32-1), text keys that don't repeat, and limits on
 * size, depth and number of items. Iterative, and never reads past the end. Whether texts are UTF-8 is left to the
 * decoder.
 *
 * @returns What is wrong and at which byte; undefined when the bytes are fine.
 */
export function prescan(bytes: Uint8Array, limits: PrescanLimits = {}): string | undefined {
  const maxBytes = limits.bytes ?? MAX_FRAME_BYTES;
  const maxItems = limits.items ?? MAX_ITEMS;
  const maxDepth = limits.depth ?? MAX_DEPTH;
  if (bytes.length > maxBytes) return `Frame has ${bytes.length} bytes: expected at most ${maxBytes}`;

  const open: Open[] = [];
  let at = 0;
  let items = 0;
  do {
    const start = at;
    const head = bytes[at++];
    if (head === undefined) return `Frame ends at byte ${start}: expected more`;
    if (++items > maxItems) return `Frame has more than ${maxItems} data items`;
    const inside = open.at(-1);
    const isKey = inside?.keys !== undefined && inside.left % 2 === 0;
    if (inside !== undefined) inside.left--;

    const major = head >> 5;
    if (isKey && major !== TEXT) return `Map key at byte ${start} is not a text`;
    if (major === BYTES) return `Byte string at byte ${start} is not allowed`;
    if (major === TAG) return `Tag at byte ${start} is not allowed`;
    if (major > TAG) {
      if (head === FALSE || head === TRUE || head === NULL) continue;
      return `Float or simple value at byte ${start} is not allowed`;
    }

    const short = head & 0x1f;
    let argument = short;
    if (short >= 24) {
      if (short > 26) return `Indefinite length or 64 bit number at byte ${start} is not allowed`;
      const width = 1 << (short - 24);
      if (at + width > bytes.length) return `Frame ends at byte ${bytes.length}: expected more`;
      argument = 0;
      for (let read = 0; read < width; read++) argument = argument * 256 + (bytes[at++] ?? 0);
    }

    if (major === UNSIGNED) continue;
    if (major === NEGATIVE) {
      if (argument === 0xffffffff) return `Integer at byte ${start} is below -(2^32-1)`;
      continue;
    }
    if (argument > bytes.length - at) return `Frame ends at byte ${bytes.length}: expected more`;
    if (major === TEXT) {
      if (isKey) {
        const key = keyOf(bytes, at, argument);
        if (key === "__proto__") return `Map key '__proto__' at byte ${start} is not allowed`;
        if (inside.keys?.has(key)) return `Map key at byte ${start} repeats an earlier one`;
        inside.keys?.add(key);
      }
      at += argument;
      continue;
    }
    if (open.length >= maxDepth) return `Frame is nested more than ${maxDepth} deep at byte ${start}`;
    if (major === LIST) open.push({ left: argument, keys: undefined });
    else if (major === MAP) open.push({ left: argument * 2, keys: new Set() });
  } while (isUnfinished(open));
  return at === bytes.length ? undefined : `Frame has bytes after its end at byte ${at}`;
}

/** Closes what is complete. @returns Whether there is more to read. */
function isUnfinished(open: Open[]): boolean {
  while (open.length > 0 && open.at(-1)?.left === 0) open.pop();
  return open.length > 0;
}

/** A key's bytes, one character each: enough to compare keys. */
function keyOf(bytes: Uint8Array, at: number, length: number): string {
  let key = "";
  for (const byte of bytes.subarray(at, at + length)) key += String.fromCharCode(byte);
  return key;
}
