import assert from "node:assert/strict";
import { test } from "node:test";
import { createQueue } from "../../src/engine/queue.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

test("an id that was added several times is looked at once", async () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const queue = createQueue(clock, 10, (id) => void seen.push(id));
  for (const id of ["b", "a", "b"]) queue.add(id);
  await clock.advance(0);
  assert.deepEqual(seen, ["b", "a"]);
});

test("what is added while a slice runs waits for the next one", async () => {
  const clock = createVirtualClock();
  let looks = 0;
  let looksBefore: number | undefined;
  const queue = createQueue(clock, 10, (id) => {
    if (looks++ < 100) queue.add(id);
  });
  queue.add("restless");
  clock.after(0, () => looksBefore = looks);
  await clock.advance(0);
  assert.equal(looksBefore, 1);
  assert.equal(looks, 101);
});

test("work that throws does not end the queue", async () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const queue = createQueue(clock, 10, (id) => {
    if (id === "bad") throw new Error("Cannot look at it");
    seen.push(id);
  });
  queue.add("bad");
  queue.add("good");
  await assert.rejects(clock.advance(0), /Cannot look at it/);
  await clock.advance(0);
  assert.deepEqual(seen, ["good"]);
});

test("stop() forgets what waits, and what comes after", async () => {
  const clock = createVirtualClock();
  const queue = createQueue(clock, 10, () => assert.fail("Looked after the stop"));
  queue.add("a");
  queue.stop();
  queue.add("b");
  assert.equal(clock.waiting, 0);
  await clock.advance(10);
});
