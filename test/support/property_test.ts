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
  const covered = createCoverage("even and odd", ["even", "odd"], 0.05);
  for (let run = 0; run < 300; run++) covered.saw("even", "even");
  assert.throws(() => covered.check(), /too few of its 300 runs reached "odd"/);
  covered.saw("odd");
  covered.saw("odd");
  covered.check();
});

test("createCoverage() does not fail for what chance explains", () => {
  const covered = createCoverage("even and odd", ["even", "odd"], 0.5);
  for (let run = 0; run < 100; run++) covered.saw("even", ...(run < 35 ? ["odd" as const] : []));
  covered.check();
  const few = createCoverage("even and odd", ["even", "odd"], 0.5);
  for (let run = 0; run < 100; run++) few.saw("even", ...(run < 15 ? ["odd" as const] : []));
  assert.throws(() => few.check(), /"odd"/);
});
