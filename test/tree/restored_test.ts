import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore, type Stored } from "../../aggregator/store/mod.ts";
import { prepareRestored } from "../../aggregator/store/restored.ts";
import { FACET_NAMES, RESTORED } from "../../src/state/mod.ts";
import { createVirtualClock, settleSome } from "../support/virtual_clock.ts";
import { disagreements } from "./agreement.ts";
import { createTreeWorld, type TreeWorld } from "./tree_world.ts";

/** A root with two racks and three nodes, all level, and a backup of the root's store. */
async function backedUp(): Promise<{ world: TreeWorld; backup: Stored }> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
    { name: "n2", parent: "root" },
    { name: "n3", parent: "b" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(20_000);
  assert.equal(world.set(["n1", "n2", "n3"], { "/trial/x/cfg": 1 }), true);
  await world.clock.advance(10_000);
  world.kill("root", 0);
  const stored = world.store("root").load();
  const backup = {
    ...stored,
    documents: [...stored.documents],
    facts: new Map(stored.facts),
    terms: new Map(stored.terms),
    sessions: new Map(stored.sessions),
  };
  world.start("root");
  await world.clock.advance(20_000);
  assert.deepEqual(disagreements(world), []);
  return { world, backup };
}

/** Loses the root's disk and puts the backup in its place. @param said Whether it is prepared as a backup. */
function restore(world: TreeWorld, { documents, ...others }: Stored, said = true): void {
  world.kill("root", 0);
  world.wipe("root");
  world.store("root").commit({
    ...others,
    documents: documents.map((document) => ({ document, facets: [...FACET_NAMES] })),
  });
  if (said) prepareRestored(world.store("root"), { cluster: "tree", name: "root", clock: world.clock });
  world.start("root");
}

async function settled(world: TreeWorld): Promise<void> {
  await world.clock.runUntil(() => disagreements(world).length === 0, 300_000);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.violations, []);
  assert.deepEqual(world.orders, []);
}

test("a root that is put back from a backup gives no version twice, and what was set since is gone everywhere", async () => {
  const { world, backup } = await backedUp();
  assert.equal(world.set(["n1", "n2"], { "/trial/x/cfg": 5, "/trial/y/cfg": 6 }), true);
  await world.clock.advance(10_000);
  restore(world, backup);
  await settled(world);
  for (const name of ["n1", "n2"]) {
    const { context } = world.member(name).process ?? {};
    assert.equal(context?.node(world.member(name).id)?.cfg.get("/trial/x/cfg"), 1);
    assert.equal(context?.node(world.member(name).id)?.cfg.has("/trial/y/cfg"), false);
  }
  assert.equal(world.set(["n1", "n2"], { "/trial/x/cfg": 4, "/trial/y/cfg": 3 }), true);
  await settled(world);
  await world.stop();
});

test("it is frozen, whoever was cut off hears of that first, and after a thaw all goes on", async () => {
  const { world, backup } = await backedUp();
  world.network.cut(world.member("a").id, world.member("root").id);
  restore(world, { ...backup, documents: [...backup.documents].reverse() }); // nodes before their racks
  assert.equal(world.set(["n1", "n2"], { "/physState": "POWER_OFF" }), true);
  await world.clock.advance(60_000);
  const sent: string[] = [];
  world.network.onFrame = (from, to, frame) => {
    if (from !== world.member("root").id || to !== world.member("a").id || frame.type !== "data") return;
    for (const { id, facets } of frame.documents) {
      if (facets.parent?.get("/frozen")?.value === true) sent.push("frozen");
      if (facets.cfg?.has("/name") === true && id !== from && id !== to) {
        sent.push(`cfg of ${id === world.member("n1").id ? "n1" : id}`);
      }
    }
  };
  world.network.heal();
  await world.clock.advance(120_000);
  assert.deepEqual(sent.slice(0, 2), ["frozen", "cfg of n1"]);
  assert.deepEqual(world.orders, []);
  assert.equal(world.root.control.find("n1")?.phase, "frozen");
  const [why] = world.root.control.events(0, 1_000_000).filter(({ kind }) => kind === "frozen");
  assert.equal(why?.why, "everything, as the root was put back from a backup: look at its nodes, then thaw");
  world.root.control.thaw();
  await world.clock.runUntil(() => world.orders.length === 2, 300_000);
  assert.deepEqual(world.orders.map(({ name, to }) => `${name} ${to}`).sort(), ["n1 off", "n2 off"]);
  await world.stop();
});

test("nodes that were moved since the backup go back to where it has them, and are not power-cycled", async () => {
  const { world, backup } = await backedUp();
  assert.equal(world.set(["n1"], { "/parent": "root" }), true);
  assert.equal(world.set(["n2"], { "/parent": "a" }), true);
  assert.equal(world.set(["n3"], { "/parent": "a" }), true);
  await world.clock.advance(20_000);
  assert.equal(world.set(["n3"], { "/parent": "root" }), true);
  await world.clock.advance(20_000);
  assert.equal(world.set(["n1"], { "/parent": "b" }), true);
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  restore(world, backup);
  await settled(world);
  world.root.control.thaw();
  await world.clock.advance(600_000);
  await settled(world);
  await world.stop();
});

test("nodes that were deleted since the backup are there again, and new ones are made once more", async () => {
  const { world, backup } = await backedUp();
  assert.equal(world.set(["n2"], { "/trial/z/cfg": 9 }), true);
  world.remove("n3");
  await world.clock.advance(60_000);
  restore(world, { ...backup, documents: backup.documents.filter(({ id }) => id !== world.member("n2").id) });
  await world.clock.advance(120_000);
  assert.equal(world.root.control.find("n2"), undefined);
  world.create("n2", "root");
  world.root.control.thaw(); // nobody looks at the power of a node that is frozen
  await settled(world);
  await world.stop();
});

test("a root whose disk is older than what it has told freezes everything, and says what to do", async () => {
  const { world, backup } = await backedUp();
  assert.equal(world.set(["n1"], { "/parent": "root" }), true);
  assert.equal(world.set(["n2", "n3"], { "/trial/x/cfg": 5 }), true);
  await world.clock.advance(20_000);
  restore(world, backup, false);
  await world.clock.advance(600_000);
  assert.deepEqual(world.orders, []);
  const frozen = world.root.control.events(0, 1_000_000).filter(({ kind }) => kind === "frozen");
  assert.deepEqual(frozen.map(({ why }) => why), [
    "everything, as the root's disk is older than what it has told its children: it was put back from a backup. " +
    "Stop it, and prepare its folder with --restored",
  ]);
  world.kill("root", 0);
  prepareRestored(world.store("root"), { cluster: "tree", name: "root", clock: world.clock });
  world.start("root");
  world.root.control.thaw();
  await world.clock.advance(600_000);
  assert.deepEqual(world.orders, []);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("a backup may be restored twice, and what apply writes keeps that in mind", async () => {
  const { world, backup } = await backedUp();
  restore(world, backup);
  await settled(world);
  const facet = () => world.store("root").load().documents.find(({ id }) => id === world.member("n1").id)?.facets.cfg;
  const first = facet()?.get(RESTORED)?.value;
  world.create("n1", "a");
  assert.equal(facet()?.get(RESTORED)?.value, first);
  await settled(world);
  restore(world, world.store("root").load());
  await settled(world);
  assert.ok(Number(facet()?.get(RESTORED)?.value) > Number(first));
  await world.stop();
});

test("only the root's own store is prepared, and an empty one is no backup", async () => {
  const { world, backup } = await backedUp();
  const prepare = (name: string, cluster = "tree") => () =>
    prepareRestored(world.store(name === "root" ? "root" : "a"), { cluster, name, clock: world.clock });
  assert.throws(prepare("a"), /^Error: 'a' is not the root, as its parent is 'root': expected the root's store\. /);
  assert.throws(
    prepare("root", "other"),
    /^Error: 'root' is not the root: |belongs to cluster 'tree': expected 'other'/,
  );
  const clock = createVirtualClock(settleSome);
  assert.throws(
    () => prepareRestored(openMemoryStore(), { cluster: "tree", name: "root", clock }),
    /^Error: The store is empty: expected the root's, as it was backed up$/,
  );
  const used = openMemoryStore();
  used.commit({
    documents: backup.documents.map((document) => ({ document, facets: [...FACET_NAMES] })),
    facts: new Map<string, string | number>([...backup.facts].map(([key, value]) => [key, String(value)])).set(
      "run",
      2 ** 32 - 5_000,
    ),
  });
  assert.throws(
    () => prepareRestored(used, { cluster: "tree", name: "root", clock }),
    /^Error: Cannot count run 4294972296: expected at most 4294967295\. /,
  );
  await world.stop();
});
