import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "./property.ts";

test("arrays, strings and bytes with a maximum length come at lengths up to it", () => {
  const longest = (lengths: { length: number }[]) => Math.max(...lengths.map(({ length }) => length));
  const options = { numRuns: 200, seed: 1 };
  assert.ok(longest(fc.sample(fc.array(fc.nat(), { maxLength: 80 }), options)) > 70);
  assert.ok(longest(fc.sample(fc.string({ maxLength: 80 }), options)) > 70);
  assert.ok(longest(fc.sample(fc.uint8Array({ maxLength: 80 }), options)) > 70);
});

test("createCoverage() fails where a class was not reached", () => {
  const covered = createCoverage("even and odd", ["even", "odd"]);
  covered.saw("even", "even");
  assert.throws(() => covered.check(), /too few of its 1 runs reached "odd"/);
  covered.saw("odd");
  covered.check();
});

test("createCoverage() fails where a class was reached too seldom", () => {
  const covered = createCoverage("even and odd", ["even", "odd"], 0.3);
  for (let run = 0; run < 8; run++) covered.saw("even", ...(run < 2 ? ["odd" as const] : []));
  assert.throws(() => covered.check(), /"odd"/);
  covered.saw("odd");
  covered.check();
});
