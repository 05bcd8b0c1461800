import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decode as decodeCborg, encode as encodeCborg } from "cborg";
import { Encoder } from "cbor-x/encode";
import { createCoverage, fc } from "../support/property.ts";
import {
  type DataFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  MAX_FRAME_BYTES,
  prescan,
  wireFrame,
} from "../../src/sync/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { parseFrame } from "../../src/sync/parse_frame.ts";
import { anyFrame, FRAME_TYPES } from "./frames.ts";
import { at, ofRun } from "../support/versions.ts";

const ID = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";

/** Bytes from hex, spaces aside. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

/** What is wrong with bytes. */
function problemOf(bytes: Uint8Array): string {
  const decoded = decodeFrame(bytes);
  return decoded.ok ? "nothing" : decoded.problem;
}

/** The bytes of a frame of which some fields are replaced. */
function bent(frame: Frame, fields: Record<string, unknown>): Uint8Array {
  return encodeCborg({ ...wireFrame(frame), ...fields });
}

const ack: Frame = { type: "ack", from: "child", to: "parent", received: 1 };
const data: DataFrame = {
  type: "data",
  from: "child",
  to: "parent",
  since: 0,
  upTo: 1,
  newest: 1,
  documents: [{ id: ID, facets: { self: new Map([["/a", { value: 1, version: at(1, 1) }]]) } }],
};

test("every frame comes back as it was", () => {
  const covered = createCoverage("frames there and back", FRAME_TYPES, 0.05);
  fc.assert(
    fc.property(anyFrame, (frame) => {
      covered.saw(frame.type);
      assert.deepEqual(decodeFrame(encodeFrame(frame)), { ok: true, frame });
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("decodeFrame() never throws on garbage", () => {
  const covered = createCoverage("garbage", ["no CBOR", "CBOR of Kraken's profile"], 0.15);
  const garbage = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.jsonValue().map((data) => encodeCborg(data)));
  fc.assert(fc.property(garbage, (bytes) => {
    covered.saw(prescan(bytes) === undefined ? "CBOR of Kraken's profile" : "no CBOR");
    assert.equal(decodeFrame(bytes).ok, false);
  }));
  covered.check();
});

test("decodeFrame() never throws on a frame with bytes changed, cut or inserted", () => {
  const covered = createCoverage("frames with changes", ["refused", "a frame all the same"], 0.01);
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("set", "cut", "insert") });
  fc.assert(
    fc.property(anyFrame, fc.array(change, { minLength: 1, maxLength: 4 }), (frame, changes) => {
      let bytes = [...encodeFrame(frame)];
      for (const { at, byte, how } of changes) {
        const place = at % (bytes.length + 1);
        if (how === "cut") bytes = bytes.slice(0, place);
        else bytes.splice(place, how === "set" ? 1 : 0, byte);
      }
      const decoded = decodeFrame(Uint8Array.from(bytes));
      covered.saw(decoded.ok ? "a frame all the same" : "refused");
      // What still counts as a frame can be sent on.
      if (decoded.ok) assert.deepEqual(decodeFrame(encodeFrame(decoded.frame)), decoded);
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("cbor-x is imported as 'cbor-x/encode' only: the bare package loads an add-on that crashes Deno and Bun", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const folders = ["src", "agent", "aggregator", "ctl", "modules", "scripts"];
  const sources = folders.flatMap((folder) => filesBelow(join(root, folder))).filter((file) => file.endsWith(".ts"));
  assert.ok(sources.length > 20);
  const bare = sources.filter((file) => /(from|import)\s*\(?\s*["']cbor-x["']/.test(readFileSync(file, "utf8")));
  assert.deepEqual(bare, []);
});

test("a frame of more than 100 KB with long and short texts decodes on this runtime", () => {
  const entries = Array.from(
    { length: 1_500 },
    (_, place) => [`/services/s${place}/error`, { value: `${place} é `.repeat(8), version: at(1, place) }] as const,
  );
  const large: Frame = { ...data, documents: [{ id: ID, facets: { self: new Map(entries) } }] };
  const bytes = encodeFrame(large);
  assert.ok(bytes.length > 100_000);
  for (let round = 0; round < 5; round++) assert.deepEqual(decodeFrame(bytes), { ok: true, frame: large });
});

test("a repeated map key is refused", () => {
  assert.match(problemOf(hex("a2 61 76 01 61 76 02")), /Map key at byte 4 repeats an earlier one/);
});

test("tags are refused, a RegExp and a shared reference among them", () => {
  assert.match(problemOf(hex("d8 1b 82 68 28 61 2b 29 2b 24 78 60")), /Tag at byte 0/); // 27: cbor-x makes a RegExp
  assert.match(problemOf(hex("d8 1c 81 d8 1d 00")), /Tag at byte 0/); // 28 and 29: a list that contains itself
  assert.match(problemOf(hex("a1 61 76 d8 1c 81 d8 1d 00")), /Tag at byte 3/);
});

test("records of cbor-x are neither made nor taken", () => {
  const records = new Encoder({ useRecords: true });
  assert.match(problemOf(records.encode(wireFrame(ack))), /Tag at byte 0/);
});

test("floats, undefined, byte strings and indefinite lengths are refused", () => {
  assert.match(problemOf(hex("a1 61 76 fb 3f f8 00 00 00 00 00 00")), /Float or simple value at byte 3/);
  assert.match(problemOf(hex("a1 61 76 f9 3e 00")), /Float or simple value at byte 3/);
  assert.match(problemOf(hex("a1 61 76 f7")), /Float or simple value at byte 3/);
  assert.match(problemOf(hex("a1 61 76 41 00")), /Byte string at byte 3/);
  assert.match(problemOf(hex("bf 61 76 01 ff")), /Indefinite length/);
  assert.match(problemOf(hex("9f ff")), /Indefinite length/);
});

test("integers beyond ±(2^32-1) are refused: cbor-x would turn them into floats", () => {
  assert.match(problemOf(hex("a1 61 76 1b 00 00 00 01 00 00 00 00")), /64 bit number at byte 3/);
  assert.match(problemOf(hex("a1 61 76 3a ff ff ff ff")), /Integer at byte 3 is below/);
  assert.equal(prescan(hex("3a ff ff ff fe")), undefined);
  assert.equal(prescan(hex("1a ff ff ff ff")), undefined);
  assert.match(problemOf(encodeFrame({ ...ack, received: 2 ** 40 })), /Float or simple value|64 bit/);
});

test("map keys that are no text, and '__proto__', are refused", () => {
  assert.match(problemOf(hex("a1 01 01")), /Map key at byte 1 is not a text/);
  assert.match(problemOf(hex("a1 69 5f5f70726f746f5f5f 01")), /Map key '__proto__' at byte 1/);
});

test("frames that are too deep, too long, cut off or followed by more are refused", () => {
  assert.match(problemOf(Uint8Array.from([...Array(17).fill(0x81), 0x01])), /nested more than 16 deep/);
  assert.equal(prescan(Uint8Array.from([...Array(16).fill(0x81), 0x01])), undefined);
  assert.match(problemOf(new Uint8Array(MAX_FRAME_BYTES + 1)), /expected at most 327680/);
  assert.match(problemOf(Uint8Array.from([0x9a, 0xff, 0xff, 0xff, 0xff])), /Frame ends at byte 5/);
  assert.match(problemOf(Uint8Array.from([...encodeFrame(ack), 0x00])), /bytes after its end/);
  assert.match(problemOf(encodeFrame(ack).subarray(0, 20)), /Frame ends|expected more/);
  assert.match(problemOf(new Uint8Array(0)), /Frame ends at byte 0/);
  const wide = Uint8Array.from([0x9a, 0, 3, 0, 0, ...Array(3 * 65_536).fill(0)]);
  assert.match(problemOf(wide), /more than 140000 data items/);
});

test("a frame in the wrong shape is refused with where, what and what was expected", () => {
  assert.match(problemOf(encodeCborg([1])), /frame is \[1\]: expected a map/);
  assert.match(problemOf(bent(ack, { v: 2 })), /v is 2: expected 1/);
  assert.match(problemOf(bent(ack, { type: "shout" })), /type is "shout": expected birth, welcome/);
  assert.match(problemOf(bent(ack, { from: "" })), /from is "": expected the name of a run/);
  assert.match(problemOf(bent(ack, { received: -1 })), /received is -1: expected an integer from 0/);
  assert.match(problemOf(bent(data, { upTo: 0, since: 5 })), /upTo is 0: expected at least since, which is 5/);
  assert.match(problemOf(bent(data, { documents: [{ id: "n1" }] })), /documents\/0\/id is "n1": expected a UUID/);
  const document = (self: unknown) => problemOf(bent(data, { documents: [{ id: ID, self }] }));
  assert.match(document({ "no url": [1, 1, 1, 1] }), /documents\/0\/self is "no url": expected a state URL/);
  assert.match(document({ "/s/{name}": [1, 1, 1, 1] }), /expected a state URL/);
  assert.match(document({ "/a": [1, 1, 1] }), /documents\/0\/self\/a is \[1,1,1\]: expected a value with its version/);
  for (const version of [[-1, 1, 1], [1, -1, 1], [1, 1, -1], ["1", 1, 1], [1, 1, null]]) {
    assert.match(document({ "/a": [1, ...version] }), /documents\/0\/self\/a is .*: expected assignment, run and rev/);
  }
  assert.match(document({ "/a": [[null], 1, 1, 1] }), /expected a value without null inside/);
  assert.match(document(Object.fromEntries(Array.from({ length: 4_097 }, (_, n) => [`/v${n}`, [1, 1, 1, 1]]))), /4096/);
  assert.match(problemOf(bent(data, { documents: Array(1_001).fill({ id: ID }) })), /a list of at most 1000/);
});

test("declarations may have fields that are undefined: these are not sent", () => {
  const declared = declareModule({ name: "m", about: "Nothing", extensions: [], discovers: [], mutations: {} });
  const frame: Frame = {
    ...{ type: "welcome", from: "p", to: "c", term: ofRun(1), received: 0, newest: 0, epoch: 1, keepalive: 10 },
    ...{ digest: "0".repeat(32), modules: [{ ...declared, ...{ later: undefined } }] },
  };
  for (let round = 0; round < 2; round++) {
    const decoded = decodeFrame(encodeFrame(frame));
    assert.deepEqual(decoded.ok && decoded.frame.type === "welcome" && decoded.frame.modules, [declared]);
  }
});

test("what was there is shown up to 80 characters", () => {
  assert.match(problemOf(bent(ack, { from: "x".repeat(200) })), /^from is "x{79}: expected the name of a run$/);
  assert.match(problemOf(bent(ack, { from: undefined })), /Float or simple value/);
  const { from: _from, ...rest } = wireFrame(ack);
  assert.match(problemOf(encodeCborg(rest)), /^from is missing: expected the name of a run$/);
});

test("a count is a whole number from 0 to 2^32-1, whatever has read the frame", () => {
  const counts = [0, 1, 2 ** 32 - 1];
  assert.deepEqual(
    counts.map((received) => parseFrame({ ...wireFrame(ack), received })),
    counts.map((received) => ({
      ...ack,
      received,
    })),
  );
  for (const received of [-1, 0.5, 2 ** 32, NaN, Infinity, "1", null, [1]]) {
    assert.throws(
      () => parseFrame({ ...wireFrame(ack), received }),
      /^MalformedFrame: received is .*: expected an integer/,
    );
  }
});

test("fields that are not known are passed over", () => {
  assert.deepEqual(decodeFrame(bent(ack, { later: { nested: [true] } })), { ok: true, frame: ack });
});

test("a map has the shortest head that tells its size, as in deterministic CBOR", () => {
  assert.equal(encodeFrame(ack)[0], 0xa0 + Object.keys(wireFrame(ack)).length);
  for (const frame of [ack, data]) assert.equal(encodeFrame(frame).length, encodeCborg(wireFrame(frame)).length);
});

test("frames are byte-identical with deterministic CBOR once their keys are sorted", () => {
  const plain = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
  const covered = createCoverage("frames as deterministic CBOR", FRAME_TYPES, 0.05);
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const wire = wireFrame(frame);
      fc.pre(!/"\d+":/.test(JSON.stringify(wire))); // JavaScript has its own order for keys that look like numbers
      covered.saw(frame.type);
      assert.deepEqual(Uint8Array.from(plain.encode(sortKeys(wire))), Uint8Array.from(encodeCborg(wire)));
      assert.deepEqual(decodeCborg(encodeFrame(frame)), wire);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

/** Keys in the order of deterministic CBOR: shorter first, then by bytes. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [key, sortKeys(part)]);
  const order = (a: string, b: string) =>
    Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Object.fromEntries(entries.sort(([a], [b]) => order(a, b)));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
