import { Encoder } from "cbor-x/encode"; // the bare package loads a native add-on that crashes Deno and Bun
import { MalformedFrame } from "./malformed.ts";
import { plainModules, readBefore, rememberModules, withModules } from "./module_bytes.ts";
import { parseFrame } from "./parse_frame.ts";
import { prescan } from "./prescan.ts";
import { type BirthFrame, type Frame, PROTOCOL_VERSION, type WelcomeFrame } from "./types.ts";
import { wireDocuments } from "./wire_documents.ts";

/** Plain CBOR: no records and no tags of cbor-x's own. */
const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

/** A frame as bytes: CBOR (RFC 8949), described in docs/reference/protocol.md. */
export function encodeFrame(frame: Frame): Uint8Array {
  if (!("modules" in frame) || frame.modules === undefined) return cbor.encode(wireFrame(frame));
  const { modules, ...rest } = frame;
  return withModules(cbor.encode(wireFrame(rest)), modules, (data) => cbor.encode(data));
}

/** What {@link decodeFrame} found. */
export type DecodedFrame = { readonly ok: true; readonly frame: Frame } | {
  readonly ok: false;
  readonly problem: string;
};

/** Takes a frame in from a network. Never throws: whatever is wrong with the bytes is told. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const before = readBefore(bytes);
  if (before !== undefined) {
    const known = decode(before.rest);
    if (known.ok && mayDeclare(known.frame) && known.frame.modules === undefined) {
      return { ok: true, frame: { ...known.frame, modules: before.modules } };
    }
  }
  const decoded = decode(bytes);
  if (decoded.ok && mayDeclare(decoded.frame) && decoded.frame.modules !== undefined) {
    rememberModules(bytes, decoded.frame.modules);
  }
  return decoded;
}

function mayDeclare(frame: Frame): frame is BirthFrame | WelcomeFrame {
  return frame.type === "birth" || frame.type === "welcome";
}

function decode(bytes: Uint8Array): DecodedFrame {
  const problem = prescan(bytes);
  if (problem !== undefined) return { ok: false, problem };
  try {
    const data: unknown = cbor.decode(bytes);
    return { ok: true, frame: parseFrame(data) };
  } catch (error) {
    if (error instanceof MalformedFrame) return { ok: false, problem: error.message };
    return { ok: false, problem: `Frame cannot be decoded: ${error instanceof Error ? error.message : "no CBOR"}` };
  }
}

/** A frame as plain data, in the form that it has on the wire. */
export function wireFrame(frame: Frame): { readonly [key: string]: unknown } {
  const { type, ...fields } = frame;
  const head = { v: PROTOCOL_VERSION, type };
  switch (frame.type) {
    case "data":
      return { ...head, ...fields, ...wireDocuments(frame.documents) };
    case "birth":
    case "welcome":
      if (frame.modules === undefined) return { ...head, ...fields };
      return { ...head, ...fields, modules: plainModules(frame.modules) };
    case "declare":
    case "moved":
    case "where":
    case "location":
    case "left":
    case "noted":
    case "rebirth":
    case "ack":
    case "ping":
    case "resync":
    case "alive":
    case "dead":
      return { ...head, ...fields };
    default:
      return frame satisfies never;
  }
}
