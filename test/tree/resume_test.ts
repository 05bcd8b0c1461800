import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../src/sync/mod.ts";
import { disagreements } from "./agreement.ts";
import { createTreeWorld, type TreeWorld } from "./tree_world.ts";

/** A tree of three tiers, and a standby, all level. */
async function level(): Promise<TreeWorld> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "row", parent: "root", isAggregator: true },
    { name: "a", parent: "row", isAggregator: true, standby: "b" },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "a" },
    { name: "n3", parent: "b" },
  ], { seed: 1, brokersOutlive: false, calm: ["n1", "n2", "n3"] });
  await world.clock.advance(30_000);
  assert.deepEqual(disagreements(world), []);
  return world;
}

/** Follows what is told downwards from now on: who tells whom which facet of whom; not that a link is up, or down. */
function follow(world: TreeWorld): Set<string> {
  const told = new Set<string>();
  const before = world.network.onFrame;
  const names = new Map(world.members.map(({ id, name }) => [id, name]));
  const tiers = ["root", "row", "a", "b"];
  world.network.onFrame = (from, to, frame: Frame) => {
    before(from, to, frame);
    const [sender, taker] = [names.get(from) ?? "", names.get(to) ?? ""];
    const isDown = tiers.includes(sender) && (!tiers.includes(taker) || tiers.indexOf(sender) < tiers.indexOf(taker));
    if (frame.type !== "data" || !isDown) return;
    for (const { id, facets } of frame.documents) {
      for (const [facet, values] of Object.entries(facets)) {
        const urls = [...values.keys()].filter((url) => url !== "/link");
        if (urls.length > 0) told.add(`${sender} tells ${taker} ${names.get(id)}'s ${facet}`);
      }
    }
  };
  return told;
}

async function restart(world: TreeWorld, name: string, ms = 2_000): Promise<void> {
  world.kill(name, 0);
  await world.clock.advance(ms);
  world.start(name);
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.orders, []);
}

test("a root, a row or a rack that was restarted tells nobody what they know, but how their links are", async () => {
  const world = await level();
  for (const name of ["root", "row", "a"]) {
    const told = follow(world);
    await restart(world, name);
    assert.deepEqual([...told].filter((what) => what.endsWith("'s cfg") || what.startsWith("a tells")), [], name);
  }
  await world.stop();
});

test("of what changed while a root was away only the documents that it is about go down", async () => {
  const world = await level();
  world.kill("a", 0); // a change that the root has taken and that its rack does not get
  await world.clock.advance(100);
  world.set(["n1"], { "/trial/x/cfg": 3 });
  await world.clock.advance(100);
  world.kill("root", 0);
  world.start("a");
  await world.clock.advance(2_000);
  const told = follow(world);
  world.start("root");
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  const cfg = [...told].filter((what) => what.endsWith("'s cfg"));
  assert.deepEqual(cfg.filter((what) => !what.includes("n1's")), []);
  await world.stop();
});

test("a rack that has lost its disk is told everything", async () => {
  const world = await level();
  const told = follow(world);
  world.kill("a", 0);
  world.wipe("a");
  await world.clock.advance(2_000);
  world.start("a");
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  for (const node of ["a", "n1", "n2"]) assert.ok(told.has(`row tells a ${node}'s cfg`), node);
  assert.deepEqual(
    [...told].filter((what) => what.startsWith("a tells") && what.endsWith("'s cfg")),
    [],
    "agents have it",
  );
  await world.stop();
});

test("a standby that takes nodes over, and the one that is back, are told of no others", async () => {
  const world = await level();
  world.kill("a", 0);
  const told = follow(world);
  await world.clock.runUntil(() => world.root.control.find("n1")?.cfg.get("/parent") === "b", 120_000);
  await world.clock.advance(120_000);
  world.start("a");
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.orders, []);
  assert.deepEqual([...told].filter((what) => what.endsWith("n3's cfg")), []);
  await world.stop();
});
