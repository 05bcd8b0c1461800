import assert from "node:assert/strict";
import { test } from "node:test";
import { every } from "../../src/toolkit/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("every() runs again and again, first after the whole time, until it is ended", async () => {
  const clock = createVirtualClock();
  const ran: number[] = [];
  const end = every(clock, 100, () => void ran.push(clock.now()));
  await clock.advance(350);
  end();
  await clock.advance(1_000);
  assert.deepEqual([ran, clock.waiting], [[100, 200, 300], 0]);
});

test("every() goes on after a run that throws", async () => {
  const clock = createVirtualClock();
  let ran = 0;
  const end = every(clock, 100, () => {
    ran++;
    throw new Error("A bug");
  });
  for (const times of [1, 2]) {
    await assert.rejects(clock.advance(100), /A bug/);
    assert.equal(ran, times);
    await clock.advance(0);
  }
  end();
});

test("every() can be ended by what it runs", async () => {
  const clock = createVirtualClock();
  let ran = 0;
  const end = every(clock, 100, () => {
    ran++;
    end();
  });
  await clock.advance(1_000);
  assert.deepEqual([ran, clock.waiting], [1, 0]);
});
