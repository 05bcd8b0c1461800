import { Buffer } from "node:buffer";
import type { ModuleDeclaration } from "../plan/mod.ts";
import { prescan } from "./prescan.ts";

type Modules = readonly ModuleDeclaration[];

/** The key `modules`, as CBOR. */
const KEY = Buffer.from("gmodules");
/** Heads of maps with 1 to 23 entries: those of larger maps are longer. */
const FIRST_HEAD = 0xa1;
const LAST_HEAD = 0xb7;
/** The most sets of declarations whose bytes are remembered; 1.6 MiB. */
const MAX_REMEMBERED = 16;
/**
 * The longest declarations that are remembered, with their key, and the longest rest of a frame that is read without them, in
 * bytes. Both together are not above the data items of a frame: none is taken that would not be taken by itself.
 */
const MAX_TAIL = 104_000;
const MAX_REST = 36_000;

const plain = new WeakMap<Modules, unknown>();

/** Declarations are written by people: a field that is there but undefined must not become CBOR's undefined. */
export function plainModules(modules: Modules): unknown {
  const known: unknown = plain.get(modules);
  if (known !== undefined) return known;
  const made: unknown = JSON.parse(JSON.stringify(modules));
  plain.set(modules, made);
  return made;
}

const written = new WeakMap<Modules, Uint8Array>();

/**
 * Appends declarations to a frame. They are most of it, and mostly the same: their bytes are made once.
 *
 * @param frame A map of fewer than 23 entries, as CBOR.
 * @param encode Makes CBOR.
 */
export function withModules(frame: Uint8Array, modules: Modules, encode: (data: unknown) => Uint8Array): Uint8Array {
  let tail = written.get(modules);
  if (tail === undefined) {
    tail = Buffer.concat([KEY, encode(plainModules(modules))]);
    written.set(modules, tail);
  }
  const bytes = Buffer.concat([frame, tail]);
  bytes[0] = (bytes[0] ?? 0) + 1;
  return bytes;
}

/** Declarations that were read: their bytes with their key, and what they are. */
const remembered: { readonly tail: Uint8Array; readonly modules: Modules }[] = [];

/**
 * Takes declarations that were read before off the end of a frame: of a thousand agents in one process each would read the same.
 *
 * @returns The frame without them, as a map of one entry less. Where those bytes are one data item, and have no such entry, that
 * is what the frame says, whatever its last bytes look like; where they are not, the frame says something else.
 */
export function readBefore(frame: Uint8Array): { readonly rest: Uint8Array; readonly modules: Modules } | undefined {
  for (const { tail, modules } of remembered) {
    const at = frame.length - tail.length;
    if (!isRest(frame, at) || Buffer.compare(frame.subarray(at), tail) !== 0) continue;
    return { rest: restOf(frame, at), modules };
  }
  return undefined;
}

/** Remembers the declarations of a frame that has been read, where they are at its end. */
export function rememberModules(frame: Uint8Array, modules: Modules): void {
  const at = Buffer.from(frame.buffer, frame.byteOffset, frame.length).indexOf(KEY);
  if (!isRest(frame, at) || frame.length - at > MAX_TAIL) return;
  if (prescan(restOf(frame, at)) !== undefined || prescan(frame.subarray(at + KEY.length)) !== undefined) return;
  if (remembered.length >= MAX_REMEMBERED) remembered.shift();
  remembered.push({ tail: Uint8Array.from(frame.subarray(at)), modules });
}

function isRest(frame: Uint8Array, length: number): boolean {
  const [head = 0] = frame;
  return length >= 1 && length <= MAX_REST && head >= FIRST_HEAD && head <= LAST_HEAD;
}

/** The first bytes of a frame as a map that has one entry less. */
function restOf(frame: Uint8Array, length: number): Uint8Array {
  const rest = Uint8Array.from(frame.subarray(0, length));
  rest[0] = (rest[0] ?? 0) - 1;
  return rest;
}
