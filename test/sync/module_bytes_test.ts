import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decode as decodeCborg, encode as encodeCborg } from "cborg";
import { createCoverage, fc } from "../support/property.ts";
import { declareModule, type ModuleDeclaration } from "../../src/plan/mod.ts";
import { type BirthFrame, decodeFrame, encodeFrame, type Frame, prescan, wireFrame } from "../../src/sync/mod.ts";
import { parseFrame } from "../../src/sync/parse_frame.ts";
import { ofRun } from "../support/versions.ts";

function declaring(name: string, about = "Nothing"): readonly ModuleDeclaration[] {
  return [declareModule({ name, about, extensions: [], discovers: [], mutations: {} })];
}

function birth(modules: readonly ModuleDeclaration[] | undefined, more: Partial<BirthFrame> = {}): BirthFrame {
  return {
    ...{ type: "birth", from: "r", term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
    ...{ digest: "0".repeat(32), knownDigest: "", ...more, ...(modules !== undefined && { modules }) },
  };
}

function modulesIn(bytes: Uint8Array): readonly ModuleDeclaration[] | undefined {
  const decoded = decodeFrame(bytes);
  return decoded.ok && decoded.frame.type === "birth" ? decoded.frame.modules : undefined;
}

/** What a decoder that remembers nothing makes of bytes. */
function readAnew(bytes: Uint8Array): Frame | undefined {
  if (prescan(bytes) !== undefined) return undefined;
  try {
    return parseFrame(decodeCborg(bytes));
  } catch {
    return undefined;
  }
}

test("declarations that were read before are the same list again, whichever frame brings them", () => {
  const first = modulesIn(encodeFrame(birth(declaring("same"))));
  assert.deepEqual(first, declaring("same"));
  assert.equal(modulesIn(encodeFrame(birth(declaring("same"), { from: "other", received: 7 }))), first);
});

test("of more than sixteen sets of declarations the oldest is read anew", () => {
  const bytesOf = (place: number) => encodeFrame(birth(declaring(`set${place}`)));
  const first = modulesIn(bytesOf(0));
  for (let place = 1; place < 16; place++) modulesIn(bytesOf(place));
  assert.equal(modulesIn(bytesOf(0)), first);
  modulesIn(bytesOf(16));
  assert.notEqual(modulesIn(bytesOf(0)), first);
  assert.deepEqual(modulesIn(bytesOf(0)), first);
});

test("a frame that has declarations twice is refused, though it ends with known ones", () => {
  const known = encodeFrame(birth(declaring("twice")));
  assert.ok(modulesIn(known));
  const tail = known.subarray(Buffer.from(known).indexOf("gmodules"));
  const bytes = Buffer.concat([known, tail]);
  bytes[0] = (bytes[0] ?? 0) + 1;
  const decoded = decodeFrame(bytes);
  assert.match(decoded.ok ? "taken" : decoded.problem, /repeats an earlier one/);
});

test("bytes of known declarations within a text are that text", () => {
  const known = encodeFrame(birth(declaring("text")));
  assert.ok(modulesIn(known));
  const tail = Buffer.from(known).subarray(Buffer.from(known).indexOf("gmodules"));
  const { digest, ...rest } = wireFrame(birth(undefined));
  const bytes = encodeCborg({ ...rest, later: "x".repeat(tail.length), digest });
  const at = Buffer.from(bytes).indexOf("x".repeat(tail.length));
  bytes.set(tail, at);
  assert.equal(modulesIn(bytes), undefined);
  assert.deepEqual(decodeFrame(bytes), { ok: true, frame: birth(undefined) });
});

test("declarations that are not at the end of a frame are taken all the same", () => {
  const { modules, ...rest } = wireFrame(birth(declaring("first")));
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(modulesIn(encodeCborg({ modules, ...rest })), declaring("first"));
  }
});

test("whatever was read before, bytes mean what they mean by themselves", () => {
  const covered = createCoverage("frames with declarations", ["taken", "refused", "other declarations"], 0.02);
  const name = fc.constantFrom("a", "b", "modules", "gmodules");
  const about = fc.constantFrom("Says what it is for", "Is about gmodules, or modules", "x".repeat(40));
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("set", "cut", "insert") });
  fc.assert(
    fc.property(name, about, fc.array(change, { maxLength: 3 }), fc.boolean(), (one, other, changes, atEnd) => {
      const modules = declaring(one, other);
      decodeFrame(encodeFrame(birth(modules)));
      const bytes = [...encodeFrame(birth(modules, { from: `r-${one}` }))];
      for (const { at, byte, how } of changes) {
        const place = atEnd ? bytes.length - 1 - at % Math.min(bytes.length, 80) : at % bytes.length;
        bytes.splice(place, how === "insert" ? 0 : 1, ...(how === "cut" ? [] : [byte]));
      }
      const expected = readAnew(Uint8Array.from(bytes));
      const decoded = decodeFrame(Uint8Array.from(bytes));
      assert.deepEqual(decoded.ok ? decoded.frame : undefined, expected);
      covered.saw(expected === undefined ? "refused" : "taken");
      if (expected?.type === "birth" && expected.modules?.[0]?.about !== other) covered.saw("other declarations");
    }),
    { numRuns: 2_000 },
  );
  covered.check();
});
