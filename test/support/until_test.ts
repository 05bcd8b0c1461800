import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./until.ts";

test("until() waits for a check that throws or gives false until it does neither", async () => {
  let looks = 0;
  await until(() => ++looks === 3);
  await until(async () => assert.equal(++looks, 6));
  assert.equal(looks, 6);
});

test("until() fails with what the check last threw, or with its words", async () => {
  await assert.rejects(until(() => assert.fail("Not yet"), 0), /Not yet/);
  await assert.rejects(until(() => looksEmpty(), 0), /Cannot wait longer than 0 ms for .*looksEmpty/);
  function looksEmpty(): boolean {
    return false;
  }
});
