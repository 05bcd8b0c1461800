import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLog } from "../../src/log.ts";
import type { Value } from "../../src/state/mod.ts";
import { createReplica, encodeFrame, MAX_SENT_BYTES, prescan } from "../../src/sync/mod.ts";
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
  const write = fc.tuple(fc.constantFrom(...IDS), fc.nat(12).map((n) => `/v${n}`), value);
  fc.assert(
    fc.property(fc.array(write, { maxLength: 24 }), (writes) => {
      const source = sourceOf(writes);
      const arrived = createReplica();
      let carried = 0;
      for (const window of allWindows(source)) {
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
      for (const id of IDS) assert.deepEqual(arrived.get(id)?.facets.self, source.replica.get(id)?.facets.self);
    }),
    { numRuns: 50 },
  );
});

test("a document with more values than a frame may have of it is split", () => {
  const writes = Array.from({ length: 5_000 }, (_, place) => [IDS[0] ?? "", `/v${place}`, 1] as const);
  const windows = allWindows(sourceOf(writes));
  assert.deepEqual(windows.map(({ documents }) => documents[0]?.facets.self?.size), [4_096, 904]);
});

test("what is not wanted is left out, and the window still ends at the newest index", () => {
  const source = { ...sourceOf([[IDS[0] ?? "", "/a", 1], [IDS[1] ?? "", "/b", 1]]), documents: () => IDS.slice(0, 1) };
  const window = collectWindow(source, 0);
  assert.deepEqual([window?.documents.length, window?.upTo, window?.newest], [1, 2, 2]);
  assert.equal(collectWindow(source, 1), undefined);
});
