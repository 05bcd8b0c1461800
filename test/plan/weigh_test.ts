import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { weigher } from "../../src/plan/task.ts";

const expenses = fc.record({
  disruption: fc.integer({ min: 1, max: 10_000 }),
  duration: fc.integer({ min: 1, max: 86_400_000 }),
}, { noNullPrototype: true });

test("weigher() never lets time outweigh disruption, and sums stay exact", () => {
  const covered = createCoverage("weights", ["milliseconds", "coarser units", "many"], 0.02);
  fc.assert(fc.property(fc.array(expenses, { minLength: 1 }), fc.integer({ min: 1, max: 500_000 }), (all, steps) => {
    const weigh = weigher(all, steps);
    const heaviest = Math.max(...all.map(weigh));
    assert.ok(heaviest * steps <= Number.MAX_SAFE_INTEGER);
    const longest = Math.max(...all.map(({ duration }) => weigh({ disruption: 0, duration })));
    const one = weigh({ disruption: 1, duration: 0 });
    assert.ok(one > longest * steps, `${one} is not above ${steps} times ${longest}`);
    const isExact = all.every(({ duration }) => weigh({ disruption: 0, duration }) === duration);
    covered.saw(isExact ? "milliseconds" : "coarser units", ...(all.length > 5 ? ["many"] as const : []));
  }));
  covered.check();
});

test("weigher() tells milliseconds apart in plans such as there are", () => {
  const all = [{ disruption: 10, duration: 22_500 }, { disruption: 1, duration: 5_000 }, {
    disruption: 1,
    duration: 4_999,
  }];
  const [, longer = 0, shorter = 0] = all.map(weigher(all, 100_000));
  assert.ok(longer > shorter);
});

test("weigher() counts in milliseconds as long as sums stay exact", () => {
  const weigh = weigher([{ disruption: 100, duration: 1000 }], 1000);
  assert.deepEqual([weigh({ disruption: 0, duration: 1 }), weigh({ disruption: 0, duration: 1000 })], [1, 1000]);
  assert.equal(weigh({ disruption: 1, duration: 0 }), 1_000_001); // one more than a thousand steps of a second
});

test("weigher() counts in the finest unit that keeps sums exact, rounded up", () => {
  const [steps, duration, disruption] = [100_000, 900_000, 100];
  const weigh = weigher([{ disruption, duration }], steps);
  const longest = weigh({ disruption: 0, duration });
  assert.ok(longest < duration);
  assert.equal(weigh({ disruption: 0, duration: 1 }), 1);
  const unit = Math.ceil(duration / longest);
  // With half the unit, sums would not be exact any more.
  assert.ok(steps * (disruption + 1) * (steps * Math.ceil(2 * duration / unit) + 1) > Number.MAX_SAFE_INTEGER);
});

test("weigher() weighs plans of no step and mutations of no expense", () => {
  assert.equal(weigher([], 0)({ disruption: 1, duration: 1 }), 3);
});
