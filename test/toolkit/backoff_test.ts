import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../../src/toolkit/mod.ts";
import { fc } from "../support/property.ts";

test("backoff() doubles from the base to the cap", () => {
  const whole = () => 1 - Number.EPSILON;
  assert.deepEqual([0, 1, 2, 3, 50].map((failures) => Math.round(backoff(100, 700, failures, whole))), [
    ...[100, 200, 400, 700, 700],
  ]);
  assert.equal(backoff(100, 700, 0, () => 0), 50);
});

test("backoff() gives at least half of the wait and never more than the cap", () => {
  const number = fc.integer({ min: 1, max: 1_000_000 });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(number, number, fc.integer({ min: 0, max: 2_000 }), chance, (base, cap, failures, random) => {
    const wait = backoff(base, cap, failures, () => random);
    assert.ok(wait >= Math.min(base, cap) / 2 && wait <= cap, String(wait));
  }));
});
