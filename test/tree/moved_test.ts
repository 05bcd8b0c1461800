import assert from "node:assert/strict";
import { test } from "node:test";
import { disagreements } from "./agreement.ts";
import { createTreeWorld, type TreeWorld } from "./tree_world.ts";

/** A root with two racks, and two nodes at the first of them, all level. */
async function level(): Promise<TreeWorld> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(20_000);
  assert.deepEqual(disagreements(world), []);
  return world;
}
function cut(world: TreeWorld, child: string, parent: string): void {
  world.network.cut(world.member(child).id, world.member(parent).id);
}

test("a node that died before it was moved is repaired once its old rack has let it go", async () => {
  const world = await level();
  world.kill("n1", 0);
  world.set(["n1"], { "/parent": "b" });
  await world.clock.advance(60_000);
  assert.deepEqual(world.orders, [], "its old rack has not said so yet");
  assert.equal(world.root.control.find("n1")?.phase, "waiting");
  assert.match(world.root.control.find("n1")?.reason ?? "", /^it was moved and has not joined here/);
  await world.clock.advance(400_000);
  assert.deepEqual(world.orders.map(({ name, to, by }) => `${by} ${name} ${to}`), ["b n1 off", "b n1 on"]);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("a node whose old rack is gone for good is repaired when that rack is deleted", async () => {
  const world = await level();
  for (const name of ["n1", "n2", "a"]) world.kill(name, 0);
  world.set(["n1", "n2"], { "/parent": "b" });
  await world.clock.advance(1_000_000);
  assert.deepEqual(world.orders, []);
  world.remove("a");
  await world.clock.runUntil(() => world.orders.length >= 4, 300_000);
  assert.deepEqual(world.orders.map(({ name, to }) => `${name} ${to}`).sort(), ["n1 off", "n1 on", "n2 off", "n2 on"]);
  await world.stop();
});

test("whoever asks for a moved machine to be off gets that at once, and on again when it is wanted", async () => {
  const world = await level();
  world.kill("a", 0);
  world.set(["n1"], { "/parent": "b", "/physState": "POWER_OFF" });
  await world.clock.advance(60_000);
  world.set(["n1"], { "/physState": null });
  await world.clock.advance(30_000);
  assert.deepEqual(world.orders.map(({ name, to, by }) => `${by} ${name} ${to}`), ["b n1 off", "b n1 on"]);
  await world.stop();
});

test("a moved node joins its new rack untouched however late its old one hears of it", async () => {
  const world = await level();
  cut(world, "a", "root");
  world.set(["n1"], { "/parent": "b" });
  await world.clock.advance(1_200_000);
  world.network.heal();
  await world.clock.advance(120_000);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.orders, []);
  await world.stop();
});

test("a rack is not moved below one that was moved away from it and has not been heard since", async () => {
  const world = await level();
  world.set(["b"], { "/parent": "a" });
  await world.clock.advance(20_000);
  cut(world, "a", "root");
  assert.equal(world.set(["b"], { "/parent": "root" }), true);
  assert.equal(world.set(["a"], { "/parent": "b" }), false);
  world.network.heal();
  await world.clock.advance(60_000);
  assert.equal(world.set(["a"], { "/parent": "b" }), true);
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("a rack that has sent a node on knows that after a crash, however soon", async () => {
  const world = await level();
  world.set(["n1"], { "/parent": "b" });
  await world.clock.runUntil(() => world.member("n1").process?.uplink?.parent === world.member("b").id, 1_000);
  world.kill("a", 0);
  cut(world, "a", "root");
  await world.clock.advance(1_000);
  world.start("a");
  await world.clock.advance(300_000);
  assert.deepEqual(world.orders, []);
  world.network.heal();
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

/** A node that has started again below its new rack, while its old one is cut off and knows nothing of it. */
async function startedElsewhere(between?: (world: TreeWorld) => void): Promise<TreeWorld> {
  const world = await level();
  cut(world, "a", "root");
  world.set(["n1"], { "/parent": "b" });
  await world.clock.advance(1_000);
  world.kill("n1", 0);
  between?.(world);
  world.start("n1", "b"); // its machine was booted by b
  await world.clock.advance(300_000);
  return world;
}

test("a node that has started again at its new rack tells the old one, which is cut off and leaves it alone, also after a restart", async () => {
  const world = await startedElsewhere();
  assert.deepEqual(world.orders, []);
  world.kill("a", 0);
  await world.clock.advance(1_000);
  world.start("a");
  await world.clock.advance(300_000);
  assert.deepEqual(world.orders, []);
  assert.match(
    world.member("a").process?.aggregator?.control.find("n1")?.reason ?? "",
    /^it was moved and has not joined here: Kraken leaves it alone/,
  );
  assert.equal(world.root.control.find("n1")?.runState, "SYNC");
  world.network.heal();
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("an old rack that neither its parent nor the node can reach takes the node for dead: it gives up after five attempts", async () => {
  const world = await startedElsewhere((world) => cut(world, "n1", "a"));
  await world.clock.advance(6_000_000);
  const cycles = Array.from({ length: 5 }, () => ["a n1 off", "a n1 on"]).flat();
  assert.deepEqual(world.orders.map(({ name, to, by }) => `${by} ${name} ${to}`), cycles);
  await world.stop();
});

test("a moved machine that is asked to be off is powered on again by an old rack that is cut off and still has it", async () => {
  const world = await level();
  cut(world, "a", "root");
  world.set(["n1"], { "/parent": "b", "/physState": "POWER_OFF" });
  await world.clock.advance(120_000);
  const orders = world.orders.map(({ name, to, by }) => `${by} ${name} ${to}`);
  assert.equal(orders[0], "b n1 off");
  assert.ok(orders.includes("a n1 on"), orders.join(", "));
  await world.stop();
});
