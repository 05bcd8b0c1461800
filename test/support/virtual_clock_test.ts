import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock, VIRTUAL_EPOCH } from "./virtual_clock.ts";

test("advance() runs what falls due in order of time, then of setting", async () => {
  const clock = createVirtualClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`c at ${clock.now()}`));
  clock.after(10, () => ran.push(`a at ${clock.now()}`));
  clock.after(10, () => ran.push(`b at ${clock.now()}`));
  clock.after(21, () => ran.push("late"));
  await clock.advance(20);
  assert.deepEqual(ran, ["a at 10", "b at 10", "c at 20"]);
  assert.equal(clock.now(), 20);
  assert.equal(clock.wall(), VIRTUAL_EPOCH + 20);
  assert.equal(clock.waiting, 1);
});

test("advance() lets promises settle before the next timer runs", async () => {
  const clock = createVirtualClock();
  const ran: string[] = [];
  async function first(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    ran.push("settled");
  }
  clock.after(1, () => void first());
  clock.after(1, () => ran.push("second"));
  await clock.advance(1);
  assert.deepEqual(ran, ["settled", "second"]);
});

test("advance() runs timers that other timers set, when they fall due in time", async () => {
  const clock = createVirtualClock();
  let ran = 0;
  const again = () => {
    ran++;
    clock.after(10, again);
  };
  clock.after(10, again);
  await clock.advance(35);
  assert.equal(ran, 3);
});

test("a cancelled timer does not run, and cancelling twice does no harm", async () => {
  const clock = createVirtualClock();
  let ran = 0;
  const cancel = clock.after(5, () => ran++);
  clock.after(5, () => ran++);
  cancel();
  cancel();
  assert.equal(clock.waiting, 1);
  await clock.advance(5);
  assert.equal(ran, 1);
});

test("runUntil() stops at the timer that makes the condition hold", async () => {
  const clock = createVirtualClock();
  let done = false;
  clock.after(30, () => done = true);
  clock.after(40, () => assert.fail("Ran a timer too many"));
  await clock.runUntil(() => done, 100);
  assert.equal(clock.now(), 30);
});

test("runUntil() says so when the condition does not hold in time", async () => {
  const clock = createVirtualClock();
  clock.after(101, () => assert.fail("Ran a timer too late"));
  await assert.rejects(clock.runUntil(() => false, 100), /Cannot wait longer: after 100 ms/);
});
