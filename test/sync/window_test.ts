import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createLog } from "../../src/log.ts";
import type { Facet, Value } from "../../src/state/mod.ts";
import { createReplica, encodeFrame, MAX_SENT_BYTES, prescan, type Replica } from "../../src/sync/mod.ts";
import { collectWindow, type Window, type WindowSource } from "../../src/sync/window.ts";

const IDS = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];

/** Everything that a source has, window by window. */
function allWindows(source: WindowSource): Window[] {
  const windows: Window[] = [];
  for (let since = 0; since < source.replica.index;) {
    const window = collectWindow(source, since);
    if (window === undefined) break;
    assert.equal(window.since, since);
    assert.ok(window.upTo > since);
    windows.push(window);
    since = window.upTo;
  }
  return windows;
}

function sourceOf(writes: readonly (readonly [id: string, url: string, value: Value])[]): WindowSource {
  const replica = createReplica();
  for (const [id, url, value] of writes) replica.write(id, "self", new Map([[url, value]]), 1);
  return { replica, documents: () => IDS, wanted: () => true, log: createLog(() => {}) };
}

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.nat(1_000).map((length) => "é".repeat(length * 100)),
  fc.array(fc.boolean(), { maxLength: 256 }),
  fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 200, maxLength: 256 }), { maxLength: 100 }),
);

test("windows carry every change once, and each fits into a frame that receivers take", () => {
  const covered = createCoverage(
    "changes in windows",
    ["one window", "several windows", "a value written twice"],
    0.25,
  );
  const write = fc.tuple(fc.constantFrom(...IDS), fc.nat(12).map((n) => `/v${n}`), value);
  fc.assert(
    fc.property(fc.array(write, { maxLength: 24 }), (writes) => {
      const source = sourceOf(writes);
      const arrived = createReplica();
      let carried = 0;
      const windows = allWindows(source);
      covered.saw(
        ...(windows.length === 1 ? ["one window" as const] : windows.length > 1 ? ["several windows" as const] : []),
        ...(new Set(writes.map(([id, url]) => `${id}${url}`)).size < writes.length
          ? ["a value written twice" as const]
          : []),
      );
      for (const window of windows) {
        const bytes = encodeFrame({ type: "data", from: "child", to: "parent", ...window });
        assert.ok(bytes.length <= MAX_SENT_BYTES, `${bytes.length} bytes`);
        assert.equal(prescan(bytes), undefined);
        for (const { id, facets } of window.documents) {
          carried += facets.self?.size ?? 0;
          arrived.merge(id, "self", facets.self ?? new Map());
        }
      }
      const written = new Set(writes.map(([id, url]) => `${id}${url}`));
      assert.equal(carried, written.size);
      const selfOf = (replica: Replica, id: string) => new Map(replica.get(id)?.facets.self);
      for (const id of IDS) assert.deepEqual(selfOf(arrived, id), selfOf(source.replica, id));
    }),
    { numRuns: 50 },
  );
  covered.check();
});

test("a document with more values than a frame may have of it is split", () => {
  const writes = Array.from({ length: 5_000 }, (_, place) => [IDS[0] ?? "", `/v${place}`, 1] as const);
  const windows = allWindows(sourceOf(writes));
  assert.deepEqual(windows.map(({ documents }) => documents[0]?.facets.self?.size), [4_096, 904]);
});

/** A source with one facet of each of some documents. */
function sourceOfMany(facets: readonly Facet[]): WindowSource {
  const replica = createReplica();
  const ids = facets.map((_, place) => `00000000-0000-4000-8000-${place.toString(16).padStart(12, "0")}`);
  for (const [place, id] of ids.entries()) replica.merge(id, "self", facets[place] ?? new Map());
  return { replica, documents: () => ids, wanted: () => true, log: createLog(() => {}) };
}

test("a window has at most 1,000 documents", () => {
  const facets = Array.from({ length: 1_500 }, (_, n) => new Map([["/load", { value: n, version: [1, n] as const }]]));
  assert.deepEqual(allWindows(sourceOfMany(facets)).map(({ documents }) => documents.length), [1_000, 500]);
});

test("windows of many documents fit into frames, whatever they have in common", () => {
  const covered = createCoverage("many documents in windows", ["one window", "several windows", "the same columns"]);
  const shape = fc.record({
    documents: fc.integer({ min: 1, max: 400 }),
    values: fc.integer({ min: 1, max: 30 }),
    /** How many columns there are, above the number of values. */
    others: fc.nat(2_000),
    urlLength: fc.integer({ min: 8, max: 64 }),
    /** Versions are spread over this many. */
    versions: fc.constantFrom(1, 3, 2 ** 32 - 1),
    value: fc.constantFrom<Value>(0, 2 ** 32 - 1, "RUNNING", [], [[], []], {}, "é".repeat(200)),
  });
  fc.assert(
    fc.property(shape, ({ documents, values, others, urlLength, versions, value }) => {
      const version = (n: number) => versions - (n % versions);
      const facets = Array.from({ length: documents }, (_, place) =>
        new Map(Array.from({ length: values }, (_, n) => {
          const column = (place * 7 + n) % (values + others);
          const url = `/${String(column).padStart(urlLength, "v")}`;
          return [url, { value, version: [version(place + n), version(place * n)] as const }];
        })));
      const source = sourceOfMany(facets);
      let carried = 0;
      const windows = allWindows(source);
      covered.saw(
        windows.length > 1 ? "several windows" : "one window",
        ...(others < values ? ["the same columns" as const] : []),
      );
      for (const window of windows) {
        const bytes = encodeFrame({ type: "data", from: "c".repeat(64), to: "p".repeat(64), ...window });
        assert.ok(bytes.length <= MAX_SENT_BYTES, `${bytes.length} bytes`);
        assert.equal(prescan(bytes), undefined);
        for (const { facets } of window.documents) carried += facets.self?.size ?? 0;
      }
      assert.equal(carried, documents * values);
    }),
    { numRuns: 30 },
  );
  covered.check();
});

test("what is not wanted is left out, and the window still ends at the newest index", () => {
  const source = { ...sourceOf([[IDS[0] ?? "", "/a", 1], [IDS[1] ?? "", "/b", 1]]), documents: () => IDS.slice(0, 1) };
  const window = collectWindow(source, 0);
  assert.deepEqual([window?.documents.length, window?.upTo, window?.newest], [1, 2, 2]);
  assert.equal(collectWindow(source, 1), undefined);
});
