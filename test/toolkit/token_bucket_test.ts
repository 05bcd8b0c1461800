import assert from "node:assert/strict";
import { test } from "node:test";
import {
  borrowToken,
  fullBucket,
  giveTokenBack,
  hasTokens,
  type Rate,
  takeToken,
  waitForToken,
} from "../../src/toolkit/mod.ts";
import { createCoverage, fc } from "../support/property.ts";

const RATE: Rate = { burst: 3, perSecond: 2 };

test("a bucket lets a burst through, then so much a second", () => {
  const bucket = fullBucket(RATE, 0);
  const at = (now: number) => [0, 0, 0, 0].filter(() => takeToken(bucket, RATE, now)).length;
  assert.deepEqual([at(0), at(499), at(500), at(1_500), at(60_000)], [3, 0, 1, 2, 3]);
});

test("what is owed makes the next ones wait the longer, and what is given back is there at once", () => {
  const bucket = fullBucket(RATE, 0);
  for (let owed = 0; owed < 4; owed++) borrowToken(bucket, RATE, 0);
  assert.deepEqual([hasTokens(bucket, RATE, 0), waitForToken(bucket, RATE, 0)], [false, 1_000]);
  giveTokenBack(bucket, RATE, 0);
  assert.equal(waitForToken(bucket, RATE, 0), 500);
  assert.equal(hasTokens(bucket, RATE, 1_000, 2), true);
  for (let given = 0; given < 9; given++) giveTokenBack(bucket, RATE, 1_000);
  assert.deepEqual([hasTokens(bucket, RATE, 1_000, 3), hasTokens(bucket, RATE, 1_000, 4)], [true, false]);
});

test("no span of time lets more through than a burst and what it brings, and a token is there when it is said to be", () => {
  const covered = createCoverage("token buckets", ["taken", "refused"], 0.3);
  const rate = fc.record({
    burst: fc.integer({ min: 1, max: 20 }),
    perSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
  });
  const waits = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 60 });
  fc.assert(fc.property(rate, waits, (rate, waits) => {
    const bucket = fullBucket(rate, 0);
    const taken: number[] = [];
    let now = 0;
    let refused = 0;
    for (const wait of waits) {
      now += wait;
      if (takeToken(bucket, rate, now)) taken.push(now);
      else {
        refused++;
        now += waitForToken(bucket, rate, now);
        assert.ok(takeToken(bucket, rate, now), "after the wait that was asked for");
        taken.push(now);
      }
    }
    for (const [first, from] of taken.entries()) {
      for (const [last, to] of taken.entries()) {
        if (last < first) continue;
        assert.ok(last - first + 1 <= rate.burst + ((to - from) / 1000) * rate.perSecond + 1e-3);
      }
    }
    covered.saw(
      ...(taken.length > 0 ? ["taken" as const] : []),
      ...(refused > 0 ? ["refused" as const] : []),
    );
  }));
  covered.check();
});
