import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { createFence } from "../../aggregator/handover/fence.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

function make() {
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const events = createEvents(clock, store, store.load());
  const world = { clock, events, isAlone: false, standby: "s" as string | undefined, changes: 0, sent: 0 };
  const fence = createFence({
    ...{ name: "a", clock, events },
    isAlone: () => world.isAlone,
    standby: () => world.standby,
    onChanged: () => void world.changes++,
    handOver: () => void world.sent++,
  });
  return { world, fence };
}

test("one that has a standby keeps still while its parent is away, and says both once", () => {
  const { world, fence } = make();
  fence.changed();
  assert.equal(fence.isUp, false);
  world.isAlone = true;
  fence.changed();
  fence.changed();
  assert.equal(fence.isUp, true);
  world.isAlone = false;
  fence.changed();
  assert.equal(fence.isUp, false);
  assert.deepEqual(world.events.after(0, 10).map(({ kind }) => kind), ["fenced", "unfenced"]);
  assert.equal(world.changes, 2);
  assert.deepEqual(world.events.after(0, 10).map(({ why }) => why), [
    "its parent is away, and 's' may have taken its nodes over: does nothing to them until it is back",
    "its parent is back: goes on",
  ]);
});

test("one without a standby goes on, until it hears that it has one", () => {
  const { world, fence } = make();
  world.standby = undefined;
  world.isAlone = true;
  fence.changed();
  assert.equal(fence.isUp, false);
  world.standby = "s";
  fence.changed();
  assert.equal(fence.isUp, true);
});

test("children are sent to the standby after 15 s, and again for as long as the parent is away", async () => {
  const { world, fence } = make();
  world.isAlone = true;
  fence.changed();
  await world.clock.advance(14_999);
  assert.equal(world.sent, 0);
  await world.clock.advance(1);
  assert.equal(world.sent, 1);
  await world.clock.advance(60_000);
  assert.equal(world.sent, 2);
  world.isAlone = false;
  fence.changed();
  await world.clock.advance(300_000);
  assert.equal(world.sent, 2);
  assert.equal(world.clock.waiting, 0);
});
