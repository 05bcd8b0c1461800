import { Encoder } from "cbor-x/encode"; // the bare package loads a native add-on that crashes Deno and Bun
import { FACET_NAMES, type Value } from "../state/mod.ts";
import { MalformedFrame, parseFrame } from "./parse_frame.ts";
import { prescan, type PrescanLimits } from "./prescan.ts";
import { type DocumentChanges, type Frame, PROTOCOL_VERSION } from "./types.ts";

/** Plain CBOR: no records and no tags of cbor-x's own. */
const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

type WireEntry = readonly [value: Value | null, term: number, rev: number];
type WireDocument = { [key: string]: string | { [url: string]: WireEntry } };

/** A frame as bytes: CBOR (RFC 8949), described in docs/protocol.md. */
export function encodeFrame(frame: Frame): Uint8Array {
  return cbor.encode(wireFrame(frame));
}

/** What {@link decodeFrame} found. */
export type DecodedFrame = { readonly ok: true; readonly frame: Frame } | {
  readonly ok: false;
  readonly problem: string;
};

/** Takes a frame in from a network. Never throws: whatever is wrong with the bytes is told. */
export function decodeFrame(bytes: Uint8Array, limits: PrescanLimits = {}): DecodedFrame {
  const problem = prescan(bytes, limits);
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
      return { ...head, ...fields, documents: frame.documents.map(wireDocument) };
    case "birth":
    case "welcome":
      if (frame.modules === undefined) return { ...head, ...fields };
      // Declarations are written by people: a field that is there but undefined must not become CBOR's undefined.
      return { ...head, ...fields, modules: JSON.parse(JSON.stringify(frame.modules)) };
    case "declare":
    case "moved":
    case "where":
    case "there":
    case "ack":
    case "resync":
    case "alive":
    case "dead":
      return { ...head, ...fields };
  }
}

function wireDocument(document: DocumentChanges): WireDocument {
  const wire: WireDocument = { id: document.id };
  for (const name of FACET_NAMES) {
    const facet = document.facets[name];
    if (facet === undefined) continue;
    const entries: { [url: string]: WireEntry } = {};
    for (const [url, { value, version }] of facet) entries[url] = [value, version[0], version[1]];
    wire[name] = entries;
  }
  return wire;
}
