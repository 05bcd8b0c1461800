import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode, encode } from "cborg";
import { createCoverage, fc } from "../support/property.ts";
import { decodeFrame, encodeFrame, type Frame, wireFrame } from "../../src/sync/mod.ts";
import { parseCddl } from "./cddl.ts";
import { anyFrame, FRAME_TYPES } from "./frames.ts";
import { createWorld, NODE } from "./world.ts";
import { at, ofRun } from "../support/versions.ts";

const page = readFileSync(new URL("../../docs/reference/protocol.md", import.meta.url), "utf8");
const cddl = parseCddl(/```cddl\n([\s\S]*?)```/.exec(page)?.[1] ?? "");
const run = "11111111-1111-4111-8111-111111111111";

test("every frame that the code makes is as docs/reference/protocol.md says", () => {
  const covered = createCoverage("frames as specified", FRAME_TYPES, 0.05);
  fc.assert(
    fc.property(anyFrame, (frame) => {
      covered.saw(frame.type);
      const data: unknown = decode(encodeFrame(frame));
      assert.ok(cddl.matches(frame.type, data), JSON.stringify(data));
      assert.ok(cddl.matches("frame", data));
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("every frame of a real exchange is as docs/reference/protocol.md says", async () => {
  const world = createWorld();
  world.discover("/a", { list: [1, true, "x"] });
  world.write("cfg", "/b", "y");
  world.connect();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.restartParent();
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.discover("/a", null);
  await world.clock.runUntil(() => world.agrees(), 10_000);
  world.stop();
  const seen = new Set<string>();
  for (const { way, frame } of world.sent) {
    assert.ok(cddl.matches(`${way}-frame`, wireFrame(frame)), JSON.stringify(wireFrame(frame)));
    seen.add(frame.type);
  }
  assert.deepEqual([...seen].sort(), ["ack", "alive", "birth", "data", "rebirth", "welcome"]);
});

test("what docs/reference/protocol.md does not allow, the code does not take either", () => {
  const data = wireFrame({
    type: "data",
    from: run,
    to: run,
    since: 0,
    upTo: 1,
    newest: 1,
    documents: [{ id: NODE, facets: { self: new Map([["/a", { value: [1], version: at(1, 1) }]]) } }],
  });
  const rows = { ...data, columns: { self: ["/a"] }, schemas: [{ self: [0] }], documents: [[0, NODE, 0, 1, 1, 5]] };
  assert.equal(cddl.matches("frame", rows), true);
  assert.equal(decodeFrame(encode(rows)).ok, true);
  const document = (fields: object) => ({ ...data, documents: [{ id: NODE, ...fields }] });
  const [birth, welcome, left, moved, location, where] = ([
    {
      ...{ type: "birth", from: run, term: ofRun(0), parent: "", received: 0, epoch: 0, parentTerm: ofRun(0) },
      ...{ digest: "0".repeat(32), knownDigest: "" },
    },
    {
      ...{ type: "welcome", from: run, to: run, term: ofRun(1), received: 0, newest: 0, epoch: 1, keepalive: 10 },
      digest: "0".repeat(32),
    },
    { type: "left", from: run, number: 2 },
    { type: "moved", from: run, number: 2, parent: NODE },
    { type: "location", from: run, to: run, child: NODE, number: 2, parent: NODE },
    { type: "where", from: run, to: run, child: NODE },
  ] satisfies Frame[]).map(wireFrame);
  for (const frame of [birth, welcome, left, moved, location, where]) assert.equal(cddl.matches("frame", frame), true);
  const broken: Record<string, unknown>[] = [
    { ...data, v: 2 },
    { ...data, type: "date" },
    { ...data, from: "" },
    { ...data, to: "not a run" },
    { ...data, since: -1 },
    { ...data, upTo: 2 ** 32 },
    { ...data, newest: "1" },
    { ...data, documents: {} },
    { ...data, documents: [{ id: "n1" }] },
    document({ self: [] }),
    document({ self: { "a": [1, 1, 1, 1] } }),
    document({ self: { "/a/b/c/d/e/f/g/h/i": [1, 1, 1, 1] } }),
    document({ self: { "/a": [1, 1, 1] } }),
    document({ self: { "/a": [1, 1, 1, 1, 1] } }),
    document({ self: { "/a": [1, 1, 1, -1] } }),
    document({ self: { "/a": [1, -1, 1, 1] } }),
    document({ self: { "/a": [[null], 1, 1, 1] } }),
    { ...rows, columns: [] },
    { ...rows, columns: { self: ["a"] } },
    { ...rows, columns: { self: "/a" } },
    { ...rows, schemas: {} },
    { ...rows, schemas: [[0]] },
    { ...rows, schemas: [{ self: ["/a"] }] },
    { ...rows, schemas: [{ self: [-1] }] },
    { ...rows, documents: [[0]] },
    { ...rows, documents: [["0", NODE, 0, 1, 1, 5]] },
    { ...rows, documents: [[0, "n1", 0, 1, 1, 5]] },
    { ...rows, documents: [[0, NODE, 0, 1, 1, []]] },
    { ...rows, documents: [[0, NODE, 0, 1, 1, [[null]]]] },
    { ...rows, documents: [[0, NODE, 0, 1, 1, [5, -1]]] },
    { ...rows, documents: [[0, NODE, 0, 1, 1, [5, 1, 1]]] },
    { ...wireFrame({ type: "dead", from: run, why: "lost" }), why: "bored" },
    { v: 1, type: "alive" },
    { ...birth, modules: [{}] },
    { ...birth, term: 1 },
    { ...birth, term: { assignment: 1 } },
    { ...birth, parentTerm: { assignment: 1, run: -1 } },
    { ...welcome, term: { assignment: "1", run: 1 } },
    { ...birth, holdings: [] },
    { ...birth, holdings: { cfg: [], parent: "" } },
    { ...birth, holdings: { cfg: [""] } },
    { ...birth, holdings: { cfg: ["ab"], parent: "" } },
    { ...birth, holdings: { cfg: [""], parent: "0".repeat(25) } },
    { ...welcome, unchanged: { cfg: {}, parent: "" } },
    { ...welcome, unchanged: { cfg: Array.from({ length: 1_025 }, () => ""), parent: "" } },
    { ...welcome, unchanged: { cfg: ["F".repeat(24)], parent: "" } },
    { ...left, number: -1 },
    { ...left, number: 2 ** 32 },
    { ...left, number: "2" },
    { ...moved, number: 2 ** 32 },
    { ...moved, parent: "a" },
    { ...moved, broker: 1 },
    { ...moved, standby: { broker: "mqtt://127.0.0.1" } },
    { ...location, child: "n1" },
    { ...location, to: "" },
    { ...location, number: 0.5 },
    { ...location, standby: "b" },
    { ...where, child: "" },
    { ...where, to: "" },
  ];
  for (const frame of broken) {
    assert.equal(cddl.matches("frame", frame), false, JSON.stringify(frame));
    assert.equal(decodeFrame(encode(frame)).ok, false, JSON.stringify(frame));
  }
  assert.equal(cddl.matches("frame", { ...data, more: [{ later: true }] }), true);
});

test("the example in docs/reference/protocol.md says the same as maps and as rows", () => {
  const [maps, rows] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = ""]): unknown => JSON.parse(text));
  const empty = wireFrame({ type: "data", from: run, to: run, since: 0, upTo: 1, newest: 1, documents: [] });
  const asMaps = decodeFrame(encode({ ...empty, documents: maps }));
  assert.equal(asMaps.ok && asMaps.frame.type === "data" && asMaps.frame.documents.length, 2);
  assert.deepEqual(decodeFrame(encode(Object.assign({ ...empty }, rows))), asMaps);
});

test("docs/reference/protocol.md names the limits that the code has", async () => {
  const limits = await import("../../src/sync/limits.ts");
  const named = [
    `${limits.MAX_SENT_BYTES / 1024} KiB of data / ${limits.MAX_FRAME_BYTES / 1024} KiB`,
    limits.MAX_ITEMS.toLocaleString("en"),
    `| nesting of lists and maps | ${limits.MAX_DEPTH} |`,
    `${limits.MAX_DOCUMENTS.toLocaleString("en")}; ${limits.MAX_VALUES.toLocaleString("en")}`,
    `| schemas in a frame | ${limits.MAX_DOCUMENTS.toLocaleString("en")} |`,
  ];
  for (const text of named) assert.ok(page.includes(text), text);
});

test("the checker knows right from wrong", () => {
  const spec = parseCddl(
    'a = { x: 1 / "two", ? y: [* tstr], * tstr => bool } ; a comment\nb = -5..5\nc = [1*2 b, * tstr]',
  );
  assert.equal(spec.matches("a", { x: "two", y: ["p", "q"], more: true }), true);
  for (const bad of [{}, { x: 2 }, { x: 1, y: [1] }, { x: 1, more: 1 }, [], null, 1]) {
    assert.equal(spec.matches("a", bad), false, JSON.stringify(bad));
  }
  assert.deepEqual([-6, -5, 0, 5, 6, 0.5].map((data) => spec.matches("b", data)), [
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
  for (const good of [[1], [1, 2], [1, 2, "x", "y"]]) assert.equal(spec.matches("c", good), true, JSON.stringify(good));
  for (const bad of [[], ["x"], [1, 2, 3], [6]]) assert.equal(spec.matches("c", bad), false, JSON.stringify(bad));
  assert.throws(() => parseCddl("a = { x: nowhere }"), /There is no rule 'nowhere'/);
});
