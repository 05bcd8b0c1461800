import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents } from "../../aggregator/store/events.ts";
import { createFence } from "../../aggregator/ownership/fence.ts";
import { createStanding } from "../../aggregator/ownership/standing.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createSmallTree, createTestChanges, idOf, listen } from "../aggregator/small_tree.ts";

function make() {
  const clock = createVirtualClock();
  const store = openMemoryStore();
  const events = createEvents(clock, store, store.load());
  const changes = createTestChanges();
  const world = { clock, events, standby: "s" as string | undefined, changes: 0, sent: 0 };
  const fence = createFence({
    ...{ name: "a", ownId: "a", clock, events, changes, hasParent: true },
    standby: () => world.standby,
  });
  listen(changes, ["FenceChanged"], () => void world.changes++);
  listen(changes, ["HandOverDue"], () => void world.sent++);
  const link = (state: "level" | "joining" | "down") => changes.post({ kind: "UplinkChanged", state });
  link("level");
  return { world, fence, link, changes };
}

test("one that has a standby keeps still while its parent is away, and says both once", () => {
  const { world, fence, link } = make();
  fence.changed();
  assert.equal(fence.isUp, false);
  link("down");
  link("joining");
  assert.equal(fence.isUp, true);
  assert.deepEqual(fence.standing, { kind: "fenced", standby: "s" });
  link("level");
  assert.equal(fence.isUp, false);
  assert.deepEqual(fence.standing, { kind: "acting" });
  assert.deepEqual(world.events.after(0, 10).map(({ kind }) => kind), ["fenced", "unfenced"]);
  assert.equal(world.changes, 2);
  assert.deepEqual(world.events.after(0, 10).map(({ why }) => why), [
    "its parent is away and 's' may have taken over its nodes: it leaves them alone until the parent is back",
    "its parent is back: it continues",
  ]);
});

test("one without a standby goes on, until it hears that it has one", () => {
  const { world, fence, link, changes } = make();
  world.standby = undefined;
  link("down");
  assert.equal(fence.isUp, false);
  world.standby = "s";
  changes.post({ kind: "CfgChanged", id: "b", urls: ["/standby"] });
  changes.post({ kind: "CfgChanged", id: "a", urls: ["/parent"] });
  assert.equal(fence.isUp, false, "nothing was said of its own standby");
  changes.post({ kind: "CfgChanged", id: "a", urls: ["/standby"] });
  assert.equal(fence.isUp, true);
});

test("one that has not reached its parent yet is alone, and the root never is", () => {
  for (const hasParent of [true, false]) {
    const clock = createVirtualClock();
    const store = openMemoryStore();
    const events = createEvents(clock, store, store.load());
    const parts = { name: "a", ownId: "a", clock, events, changes: createTestChanges(), hasParent };
    const fence = createFence({ ...parts, standby: () => "s" });
    fence.changed();
    assert.equal(fence.isUp, hasParent);
  }
});

test("children are sent to the standby after 15 s, and again for as long as the parent is away", async () => {
  const { world, link } = make();
  link("down");
  await world.clock.advance(14_999);
  assert.equal(world.sent, 0);
  await world.clock.advance(1);
  assert.equal(world.sent, 1);
  await world.clock.advance(60_000);
  assert.equal(world.sent, 2);
  link("level");
  await world.clock.advance(300_000);
  assert.equal(world.sent, 2);
  assert.equal(world.clock.waiting, 0);
});

test("an aggregator that has not received everything is learning, whatever its fence says, and says once that it has", () => {
  const { fence, link, changes } = make();
  const { replica, discover } = createSmallTree();
  const of = (isRoot: boolean, wasComplete: boolean) =>
    createStanding({ ownId: idOf("root"), isRoot, wasComplete, replica, changes, fence });
  assert.equal(of(true, false).isComplete, true, "the root has no parent to wait for");
  assert.equal(of(false, true).isComplete, false, "it has never been welcomed");
  discover("root", "self", { "/api": "x" });
  assert.equal(of(false, true).isComplete, true);
  const standing = of(false, false);
  let told = 0;
  listen(changes, ["BecameComplete"], () => void told++);
  link("down");
  assert.deepEqual(standing.now, { kind: "learning" });
  changes.turn(standing.complete);
  changes.turn(standing.complete);
  assert.deepEqual([standing.isComplete, told], [true, 1]);
  assert.deepEqual(standing.now, { kind: "fenced", standby: "s" });
});
