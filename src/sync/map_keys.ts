import { Buffer } from "node:buffer";

/** A map with more keys than this has them in a set; below it, comparing bytes is several times faster. */
const MAX_COMPARED = 32;

/** The keys of one CBOR map at a time, each a stretch of the same bytes. */
export interface MapKeys {
  /** Begins with another map. */
  clear(): void;
  /** Adds a key. @returns False when the map has it already. */
  add(start: number, length: number): boolean;
}

/** Makes the keys of maps within some bytes. */
export function createMapKeys(bytes: Uint8Array): MapKeys {
  const starts: number[] = [];
  const lengths: number[] = [];
  let count = 0;
  let many: Set<string> | undefined;

  function addToMany(keys: Set<string>, start: number, length: number): boolean {
    const { size } = keys;
    keys.add(keyOf(bytes, start, length));
    return keys.size > size;
  }

  return {
    clear() {
      count = 0;
      many = undefined;
    },
    add(start, length) {
      if (many !== undefined) return addToMany(many, start, length);
      for (let other = 0; other < count; other++) {
        if (lengths[other] === length && isSame(bytes, starts[other] ?? 0, start, length)) return false;
      }
      if (count === MAX_COMPARED) {
        many = new Set();
        for (let other = 0; other < count; other++) addToMany(many, starts[other] ?? 0, lengths[other] ?? 0);
        return addToMany(many, start, length);
      }
      starts[count] = start;
      lengths[count++] = length;
      return true;
    },
  };
}

/** Compares from the end, as state URLs often begin alike. */
function isSame(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let at = length - 1; at >= 0; at--) if (bytes[a + at] !== bytes[b + at]) return false;
  return true;
}

/** A key's bytes, one character each: enough to compare keys. */
function keyOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("latin1");
}
