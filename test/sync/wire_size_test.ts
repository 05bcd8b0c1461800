import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../../src/state/mod.ts";
import { wireSize } from "../../src/sync/wire_size.ts";
import { at } from "../support/versions.ts";

/** The most bytes that a value takes, or undefined where no frame can carry it. */
function sizeOf(value: unknown): number | undefined {
  const entry = { value: value as Value, version: at(1, 1) };
  return wireSize({ id: "n", facet: "self", url: "/a", entry, index: 1 });
}

test("what no frame can carry has no size, wherever it lies", () => {
  for (const odd of [0.5, NaN, 2 ** 32, -(2 ** 32), () => {}]) {
    assert.equal(sizeOf(odd), undefined, String(odd));
    assert.equal(sizeOf([1, odd]), undefined, `[${String(odd)}]`);
    assert.equal(sizeOf({ a: 1, b: { c: odd } }), undefined, `{ ${String(odd)} }`);
  }
});

test("a value of few bytes is counted as one of few bytes", () => {
  for (const value of [true, false, null, 0, 2 ** 32 - 1, ""]) {
    const size = sizeOf(value) ?? 0;
    assert.ok(size >= 2 && size <= 30, `${value}: ${size}`);
  }
});
