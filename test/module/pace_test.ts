import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createPace } from "../../src/module/pace.ts";
import type { Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("of 5,000 nodes that are all looked at at once nothing waits, and of ten looks at once nothing is lost", async () => {
  const clock = createVirtualClock();
  const taken = new Map<string, Value | null>();
  const floods: boolean[] = [];
  const pace = createPace({
    clock,
    nodes: () => 5_000,
    take: (node, url, value) => taken.set(`${node}${url}`, value),
    changed: (flooded) => floods.push(flooded),
  });
  for (let node = 0; node < 5_000; node++) pace.say(`n${node}`, "/physState", "POWER_ON");
  assert.equal(taken.size, 5_000);
  for (let look = 0; look < 10; look++) {
    for (let node = 0; node < 5_000; node++) pace.say(`n${node}`, "/physState", look);
  }
  assert.ok([...taken.values()].some((value) => value !== 9));
  await clock.advance(2_000);
  assert.deepEqual([taken.size, new Set(taken.values())], [5_000, new Set([9])]);
  assert.deepEqual(floods, []);
  pace.stop(true);
  assert.equal(clock.waiting, 0);
});

test("whatever is said, the last value of each URL is taken, no second has more than is allowed, and time alone ends a flood", async () => {
  const said = fc.record({
    node: fc.integer({ min: 0, max: 3 }),
    url: fc.integer({ min: 0, max: 2 }),
    times: fc.integer({ min: 1, max: 12_000 }),
    wait: fc.integer({ min: 0, max: 1_500 }),
  });
  const covered = createCoverage("what is said", ["flood", "no flood", "pauses"], 0.3);
  await fc.assert(
    fc.asyncProperty(fc.array(said, { maxLength: 12 }), async (all) => {
      const clock = createVirtualClock();
      const reached = new Set<"flood" | "no flood" | "pauses">();
      const last = new Map<string, number>();
      const taken = new Map<string, Value | null>();
      const times: number[] = [];
      let isFlooded = false;
      const pace = createPace({
        clock,
        nodes: () => 4,
        take(node, url, value) {
          taken.set(`${node}${url}`, value);
          times.push(clock.now());
        },
        changed(flooded) {
          isFlooded = flooded;
          if (flooded) reached.add("flood");
        },
      });
      let value = 0;
      for (const { node, url, times: count, wait } of all) {
        for (let n = 0; n < count; n++) pace.say(`n${node}`, `/u${url}`, ++value);
        last.set(`n${node}/u${url}`, value);
        await clock.advance(wait);
        if (wait >= 1_000) reached.add("pauses");
      }
      await clock.advance(4_000);
      covered.saw(...reached, ...(reached.has("flood") ? [] : ["no flood" as const]));
      assert.deepEqual(taken, last);
      assert.equal(isFlooded, false);
      for (const [place, at] of times.entries()) assert.ok((times[place + 2 * 1_016] ?? Infinity) - at >= 1_000);
      pace.stop(true);
      assert.equal(clock.waiting, 0);
    }),
    { numRuns: 50 },
  );
  covered.check();
});
