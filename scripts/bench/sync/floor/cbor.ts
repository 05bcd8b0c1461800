import { randomUUID } from "node:crypto";
import { Encoder } from "cbor-x/encode"; // the bare package loads a native add-on that crashes Deno and Bun
import { decodeFrame, encodeFrame, type Frame, wireFrame } from "../../../../src/sync/mod.ts";
import { CHANGED } from "../generator/self_facet.ts";

/** Microseconds of CPU that the frame of one change takes. */
export interface CborFloor {
  /** Of the frame that carries one change, in bytes. */
  readonly frameBytes: number;
  readonly bareDecodeUs: number;
  readonly bareEncodeUs: number;
  /** With all that Kraken checks: what `decodeFrame` takes. */
  readonly decodeUs: number;
  readonly encodeUs: number;
}

const ROUNDS = 50_000;

/** The frame of one change, as agents send it. */
function changeFrame(): Frame {
  const version = { assignment: 1, run: 3, rev: 17 };
  return {
    type: "data",
    from: randomUUID(),
    to: randomUUID(),
    since: 1234,
    upTo: 1235,
    newest: 1235,
    documents: [{ id: randomUUID(), facets: { self: new Map([[CHANGED, { value: 1234, version }]]) } }],
  };
}

/** Measures cbor-x alone and Kraken's codec on the frame of one change. */
export function measureCbor(): CborFloor {
  const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
  const frame = changeFrame();
  const data = wireFrame(frame);
  const bytes = encodeFrame(frame);
  return {
    frameBytes: bytes.length,
    bareDecodeUs: timeOf(() => cbor.decode(bytes)),
    bareEncodeUs: timeOf(() => cbor.encode(data)),
    decodeUs: timeOf(() => decodeFrame(bytes)),
    encodeUs: timeOf(() => encodeFrame(frame)),
  };
}

/** Microseconds for one call, after a warm-up. */
function timeOf(run: () => unknown): number {
  for (let round = 0; round < ROUNDS / 10; round++) run();
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) run();
  return Number(((performance.now() - start) * 1000 / ROUNDS).toPrecision(3));
}
