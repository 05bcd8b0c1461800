import { MAX_DEPTH, MAX_FRAME_BYTES, MAX_ITEMS } from "./limits.ts";
import { createMapKeys, type MapKeys } from "./map_keys.ts";

/** What {@link prescan} allows. */
export interface PrescanLimits {
  /** @default 327680 */
  readonly bytes?: number;
  /** @default 140000 */
  readonly items?: number;
  /** @default 16 */
  readonly depth?: number;
}

/** One list or map that is being read, kept for the next one of the same depth: a frame has thousands. */
interface Open {
  /** Items still to come: a map's keys and values count each. */
  left: number;
  isMap: boolean;
  /** A map's keys so far. */
  keys: MapKeys | undefined;
}

const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const PROTO = "__proto__";

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

  const opened: Open[] = [{ left: 1, isMap: false, keys: undefined }];
  let inside: Open | undefined = opened[0];
  let depth = 0;
  let at = 0;
  let items = 0;
  while (inside !== undefined) {
    const start = at;
    const head = bytes[at++];
    if (head === undefined) return `Frame ends at byte ${start}: expected more`;
    if (++items > maxItems) return `Frame has more than ${maxItems} data items`;
    const isKey = inside.isMap && inside.left % 2 === 0;
    inside.left--;

    const major = head >> 5;
    if (isKey && major !== TEXT) return `Map key at byte ${start} is not a text`;
    if (major === BYTES) return `Byte string at byte ${start} is not allowed`;
    if (major === TAG) return `Tag at byte ${start} is not allowed`;
    if (major > TAG && head !== FALSE && head !== TRUE && head !== NULL) {
      return `Float or simple value at byte ${start} is not allowed`;
    }

    let argument = head & 0x1f;
    if (argument >= 24 && major < TAG) {
      if (argument > 26) return `Indefinite length or 64 bit number at byte ${start} is not allowed`;
      const width = 1 << (argument - 24);
      if (at + width > bytes.length) return `Frame ends at byte ${bytes.length}: expected more`;
      argument = 0;
      for (let read = 0; read < width; read++) argument = argument * 256 + (bytes[at++] ?? 0);
    }

    if (major === NEGATIVE) {
      if (argument === 0xffffffff) return `Integer at byte ${start} is below -(2^32-1)`;
    } else if (major === TEXT || major === LIST || major === MAP) {
      if (argument > bytes.length - at) return `Frame ends at byte ${bytes.length}: expected more`;
      if (isKey) {
        if (isProto(bytes, at, argument)) return `Map key '__proto__' at byte ${start} is not allowed`;
        if (inside.keys?.add(at, argument) === false) return `Map key at byte ${start} repeats an earlier one`;
      }
      if (major === TEXT) {
        at += argument;
      } else {
        if (depth >= maxDepth) return `Frame is nested more than ${maxDepth} deep at byte ${start}`;
        inside = opened[++depth] ??= { left: 0, isMap: false, keys: undefined };
        inside.isMap = major === MAP;
        inside.left = inside.isMap ? argument * 2 : argument;
        if (inside.isMap) (inside.keys ??= createMapKeys(bytes)).clear();
      }
    }
    while (inside?.left === 0) inside = opened[--depth];
  }
  return at === bytes.length ? undefined : `Frame has bytes after its end at byte ${at}`;
}

/** Tells whether a key would reach the prototype of the object that it is decoded into. */
function isProto(bytes: Uint8Array, start: number, length: number): boolean {
  if (length !== PROTO.length) return false;
  for (let at = 0; at < length; at++) if (bytes[start + at] !== PROTO.charCodeAt(at)) return false;
  return true;
}
