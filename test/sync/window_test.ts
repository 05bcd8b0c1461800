import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createLog } from "../../src/log.ts";
import type { Facet, Value } from "../../src/state/mod.ts";
import { createReplica, encodeFrame, MAX_SENT_BYTES, prescan, type Replica } from "../../src/sync/mod.ts";
import { DOCUMENT_BYTES, FRAME_BYTES, urlSize, wireSize } from "../../src/sync/wire_size.ts";
import { collectWindow, type Window, type WindowSource } from "../../src/sync/window.ts";
import { at, ofRun } from "../support/versions.ts";

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
  for (const [id, url, value] of writes) replica.write(id, "self", new Map([[url, value]]), ofRun(1));
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

/** Names of so many documents. */
function ids(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `00000000-0000-4000-8000-${place.toString(16).padStart(12, "0")}`);
}

/** A source with one facet of each of some documents. */
function sourceOfMany(facets: readonly Facet[]): WindowSource {
  const replica = createReplica();
  const all = ids(facets.length);
  for (const [place, id] of all.entries()) replica.merge(id, "self", facets[place] ?? new Map());
  return { replica, documents: () => all, wanted: () => true, log: createLog(() => {}) };
}

/** As many values as are asked for, of one version. */
function manyValues(length: number, value: Value, prefix = "/v"): Facet {
  return new Map(Array.from({ length }, (_, n) => [`${prefix}${n}`, { value, version: at(1, 1) }]));
}

test("a document with more values than a frame may have of it is split, whatever facets they are of", () => {
  const windows = allWindows(sourceOfMany([manyValues(5_000, 1)]));
  assert.deepEqual(windows.map(({ documents }) => documents[0]?.facets.self?.size), [4_096, 904]);
  const source = sourceOfMany([manyValues(3_000, 1)]);
  source.replica.merge(ids(1)[0] ?? "", "cfg", manyValues(700, 1));
  source.replica.merge(ids(1)[0] ?? "", "parent", manyValues(700, 1));
  const sizes = allWindows(source).map(({ documents }) => {
    const { cfg, parent, self } = documents[0]?.facets ?? {};
    return [cfg?.size, parent?.size, self?.size];
  });
  assert.deepEqual(
    sizes,
    [[700, 396, 3_000], [undefined, 304, undefined]],
    "a facet in which nothing changed is not there",
  );
});

test("a window takes what fits, to the byte, and counts a URL that documents have in common once", () => {
  const url = `/${"v".repeat(218)}`;
  const change = {
    id: "",
    facet: "self",
    url,
    entry: { value: "x".repeat(207), version: at(1, 1) },
    index: 1,
  } as const;
  const each = DOCUMENT_BYTES + (wireSize(change) ?? 0);
  assert.equal(FRAME_BYTES + urlSize(url) + 800 * each, MAX_SENT_BYTES, "the test's own numbers");
  const facets = (length: number) =>
    Array.from({ length: 900 }, () => new Map([[url, { ...change.entry, value: "x".repeat(length) }]]));
  assert.deepEqual(allWindows(sourceOfMany(facets(207))).map(({ documents }) => documents.length), [800, 100]);
  assert.deepEqual(allWindows(sourceOfMany(facets(208))).map(({ documents }) => documents.length), [797, 103]);
  const one = allWindows(sourceOfMany([manyValues(4_000, 7)]));
  assert.deepEqual(one.map(({ documents }) => documents.length), [1], "a document is counted once too");
});

test("a value is sent up to the size at which a frame has nothing else, and is left out and logged above it", () => {
  const longest = MAX_SENT_BYTES - FRAME_BYTES - DOCUMENT_BYTES - urlSize("/a") - (wireSize({
    ...{ id: "", facet: "self", url: "/a", entry: { value: "", version: at(1, 1) }, index: 1 },
  }) ?? 0);
  for (const [length, carried] of [[longest, ["/a", "/b"]], [longest + 1, ["/b"]]] as const) {
    const lines: string[] = [];
    const facets = [new Map([["/a", { value: "x".repeat(length), version: at(1, 1) }]]), manyValues(1, 1, "/b")];
    const source = { ...sourceOfMany(facets), log: createLog((line) => void lines.push(line)) };
    const windows = allWindows(source);
    const urls = windows.flatMap(({ documents }) => documents.flatMap(({ facets }) => [...facets.self?.keys() ?? []]));
    assert.deepEqual(urls.map((each) => each.slice(0, 2)), carried);
    assert.equal(lines.filter((line) => line.includes("does not fit the wire")).length, 2 - carried.length);
    for (const window of windows) {
      assert.ok(encodeFrame({ type: "data", from: "c", to: "p", ...window }).length <= MAX_SENT_BYTES);
    }
  }
});

test("a window that ends after a value which was left out does not begin with it again", () => {
  const text = "x".repeat(200_000);
  const source = sourceOf([[IDS[0] ?? "", "/a", text], [IDS[0] ?? "", "/b", 0.5], [IDS[0] ?? "", "/c", text]]);
  assert.deepEqual(allWindows(source).map(({ since, upTo }) => [since, upTo]), [[0, 2], [2, 3]]);
});

test("the oldest changes go first, in whatever order documents are looked at", () => {
  const source = sourceOf([[IDS[1] ?? "", "/a", 1], [IDS[0] ?? "", "/b", 1], [IDS[1] ?? "", "/c", 1]]);
  const large = "x".repeat(150_000);
  for (const [id, url] of [[IDS[0], "/d"], [IDS[1], "/e"], [IDS[0], "/f"]] as const) {
    source.replica.write(id ?? "", "self", new Map([[url, large]]), ofRun(1));
  }
  for (const order of [IDS, [...IDS].reverse()]) {
    const windows = allWindows({ ...source, documents: () => order });
    assert.deepEqual(windows.map(({ since, upTo, newest }) => [since, upTo, newest]), [[0, 4, 6], [4, 5, 6], [
      5,
      6,
      6,
    ]]);
    assert.deepEqual(windows[0]?.documents.map(({ id, facets }) => [id, [...facets.self?.keys() ?? []]]), [
      [IDS[1], ["/a", "/c"]],
      [IDS[0], ["/b", "/d"]],
    ]);
  }
});

test("of very many changes none is passed over, and the oldest go first", () => {
  const source = sourceOfMany(Array.from({ length: 45 }, () => manyValues(2_000, 1)));
  const latestFirst = { ...source, documents: (after: number) => source.replica.changedSince(after) };
  const first = collectWindow(latestFirst, 0);
  const carried = first?.documents.reduce((sum, { facets }) => sum + (facets.self?.size ?? 0), 0);
  assert.ok(carried !== undefined && carried > 4_000);
  assert.deepEqual([first?.upTo, first?.newest], [carried, 90_000]);
  assert.deepEqual(first?.documents.map(({ id }) => id), ids(first?.documents.length ?? 0));
  const next = collectWindow(latestFirst, carried);
  assert.equal(next?.documents[0]?.id, ids(45)[Math.floor(carried / 2_000)]);
});

test("what can be sent gets through behind very many values that no frame can carry", () => {
  const source = sourceOfMany([...Array.from({ length: 41 }, () => manyValues(2_000, 0.5)), manyValues(1, 7, "/fine")]);
  const windows = allWindows({ ...source, documents: (after: number) => source.replica.changedSince(after) });
  const carried = windows.flatMap(({ documents }) => documents.flatMap(({ facets }) => [...facets.self?.keys() ?? []]));
  assert.deepEqual([carried, windows[0]?.upTo, windows.at(-1)?.upTo], [["/fine0"], 42_000, 82_001]);
});

test("a window has at most 1,000 documents", () => {
  const facets = Array.from({ length: 1_500 }, (_, n) => new Map([["/load", { value: n, version: at(1, n) }]]));
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
          return [url, {
            value,
            version: { assignment: version(n), run: version(place + n), rev: version(place * n) },
          }];
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
