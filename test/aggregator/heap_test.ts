import assert from "node:assert/strict";
import { test } from "node:test";
import { heapOfProcess, keepHeapTidy } from "../../aggregator/heap.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const MIB = 2 ** 20;

test("what a burst has left is freed once the process is quiet, and not again before there is more", async () => {
  const clock = createVirtualClock();
  let [size, used, collected] = [100 * MIB, 0, 0];
  const stop = keepHeapTidy({
    clock,
    size: () => size,
    used: () => used,
    collect() {
      collected++;
      size = 40 * MIB;
    },
  });
  used += 5_000; // as busy as can be
  await clock.advance(5_000);
  assert.equal(collected, 0);
  await clock.advance(5_000);
  assert.equal(collected, 1);
  size = 50 * MIB;
  await clock.advance(60_000);
  assert.equal(collected, 1);
  size = 60 * MIB;
  await clock.advance(5_000);
  assert.equal(collected, 2);
  size = 100 * MIB;
  stop();
  await clock.advance(60_000);
  assert.equal(collected, 2);
});

test("the heap of a process tells its size and its time, and can be collected on this runtime", () => {
  const heap = heapOfProcess();
  assert.ok(heap.size() > 0);
  assert.ok(heap.used() > 0);
  heap.collect();
});
