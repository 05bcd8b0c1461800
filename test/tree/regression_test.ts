import assert from "node:assert/strict";
import { test } from "node:test";
import { readAssignment } from "../../src/state/mod.ts";
import { disagreements } from "./agreement.ts";
import { runSchedule, type Schedule } from "./schedule.ts";
import { createTreeWorld, type TreeWorld } from "./tree_world.ts";

type What = Schedule["steps"][number]["what"];

/**
 * A schedule that once failed, cut down to what it needed.
 *
 * @param about With several seeds, as chance decides when what was mended would show: it does with one in three or four of them.
 */
async function agrees(
  about:
    & Pick<Schedule, "tree" | "level">
    & Partial<Pick<Schedule, "weather" | "brokersOutlive">>
    & { readonly seeds: readonly number[] },
  steps: readonly (readonly [what: What, wait: Schedule["steps"][number]["wait"]])[],
): Promise<void> {
  const { seeds, ...rest } = about;
  for (const seed of seeds) {
    const problems = await runSchedule({
      ...{ brokersOutlive: false, weather: STILL, seed },
      ...rest,
      steps: steps.map(([what, wait]) => ({ what, wait })),
    });
    assert.deepEqual(problems, [], `seed ${seed}`);
  }
}
const STILL = { loss: 0, duplication: 0, delay: 5 } as const;
const LOSSY = { loss: 0.1, duplication: 0.3, delay: 10_000 } as const;

for (const what of ["was killed", "lost its disk too"] as const) {
  test(`an aggregator that got a term and then nothing, as its parent ${what}, is still told everything`, async () => {
    const world = await createTreeWorld([
      { name: "root", isAggregator: true },
      { name: "r", parent: "root", isAggregator: true },
      { name: "a", parent: "r", isAggregator: true },
      { name: "n1", parent: "a" },
    ], { seed: 1, brokersOutlive: false, calm: [] });
    await world.clock.advance(20_000);
    world.oversee("n1", "x", 1);
    await world.clock.advance(5_000);
    for (const name of ["n1", "a"]) world.kill(name, 0);
    world.wipe("a");
    const before = world.network.onFrame;
    const [a, r] = [world.member("a").id, world.member("r").id];
    world.network.onFrame = (from, to, frame) => {
      before(from, to, frame);
      world.network.weather = { ...STILL, loss: frame.type === "data" && from === r && to === a ? 1 : 0 };
    };
    world.start("a");
    await world.clock.runUntil(
      () => (world.member("a").process?.aggregator?.upstreamLink?.link.term.run ?? 0) > 0,
      30_000,
    );
    world.kill("r", 0);
    if (what === "lost its disk too") world.wipe("r");
    world.network.onFrame = before;
    world.network.weather = STILL;
    world.start("r");
    await world.clock.advance(60_000);
    world.start("n1");
    await world.clock.advance(60_000);
    assert.deepEqual(disagreements(world), []);
    await world.stop();
  });
}

test("a rack that is moved, and loses its disk before it told its new parent anything, gets its values from above", () =>
  agrees({
    tree: "two rows",
    seeds: [0, 2, 5, 7, 8, 10],
    level: false,
    weather: { loss: 0.1, duplication: 0, delay: 5 },
  }, [
    [{ do: "set", name: "n1", key: "x", value: null }, 15_000],
    [{ do: "oversee", name: "n3", key: "x", value: 0 }, 40_000],
    [{ do: "stale parent will", parent: "b" }, 50],
    [{ do: "move", name: "b", parent: "a" }, 1_500],
    [{ do: "oversee", name: "n2", key: "y", value: 3 }, 1_500],
    [{ do: "restart", name: "b", down: 3_000, disk: false, will: 200 }, 200],
  ]));

test("a node that leaves is not forgotten, by a parent that begins from nothing, before its rack has been told", () =>
  agrees({ tree: "two rows", seeds: [98616471], level: false, weather: LOSSY }, [
    [{ do: "set", name: "n1", key: "x", value: null }, 1_500],
    [{ do: "move", name: "n3", parent: "r1" }, 15_000],
    [{ do: "move", name: "n1", parent: "r1" }, 4_000],
    [{ do: "create", name: "n1", parent: "root" }, 4_000],
    [{ do: "move", name: "n2", parent: "r2" }, 1],
    [{ do: "restart broker", parent: "b" }, 200],
    [{ do: "move", name: "n1", parent: "r1" }, 15_000],
    [{ do: "restart", name: "root", down: 20_000, disk: true, will: 0 }, 200],
  ]));

test("a rack that is given away and back at once has values of its present assignment", () =>
  agrees({
    tree: "one row",
    seeds: [0, 2, 3, 4, 5, 6, 11],
    level: false,
    weather: { loss: 0.4, duplication: 0, delay: 5 },
  }, [
    [{ do: "heal" }, 15_000],
    [{ do: "move", name: "a", parent: "b" }, 0],
    [{ do: "move", name: "a", parent: "r1" }, 0],
  ]));

test("a healthy node that was moved is left alone for as long as its rack can't tell it", () =>
  agrees({ tree: "one row", seeds: [1], level: true }, [
    [{ do: "cut", child: "a", parent: "r1" }, 15_000],
    [{ do: "move", name: "n2", parent: "root" }, 0],
    ...Array.from({ length: 15 }, () => [{ do: "set", name: "n1", key: "x", value: 1 }, 40_000] as const),
  ]));

test("a rack that offers to stand by for another one is told of, and changes nothing of that one", async () => {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true, standbyFor: "a" },
    { name: "n1", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: ["n1"] });
  const told = () => world.root.control.events(0, 10_000).filter(({ kind }) => kind === "standby offered");
  await world.clock.advance(30_000);
  assert.deepEqual(told().map(({ node, why }) => [node, why]), [
    ["b", "it offers to stand by for 'a' (--standby-for); to accept that: krakenctl set a /standby=b"],
  ]);
  for (let time = 0; time < 3; time++) {
    world.kill("b", 0);
    world.start("b");
    await world.clock.advance(30_000);
  }
  assert.equal(told().length, 1);
  world.kill("a", 0);
  await world.clock.advance(120_000);
  assert.deepEqual([world.root.control.find("n1")?.parent, world.root.control.find("a")?.cfg.get("/standby")], [
    ...["a", undefined],
  ]);
  world.start("a");
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("nodes whose standby was named before it has joined can be changed, and have its address once it is known", async () => {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true, standby: "b" },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: ["n1"] });
  const { id } = world.member("n1");
  const standby = () => {
    const { cfg } = world.store("root").load().documents.find((each) => each.id === id)?.facets ?? {};
    return readAssignment(cfg?.get("/assignment")?.value)?.standby;
  };
  assert.deepEqual(standby(), { parent: world.member("b").id });
  assert.equal(world.set(["n1"], { "/trial/x/cfg": 7 }), true);
  await world.clock.advance(30_000);
  assert.deepEqual(standby(), { parent: world.member("b").id, broker: "mqtt://b" });
  assert.deepEqual(disagreements(world), []);
  await world.stop();
});

test("a standby takes nodes over only from a rack that has said that it knows of it", async () => {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "b", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: ["n1"] });
  const cut = () => world.network.cut(world.member("a").id, world.member("root").id);
  const parent = () => world.root.control.find("n1")?.parent;
  const kinds = () => world.root.control.events(0, 1_000).filter(({ node }) => node === "a").map(({ kind }) => kind);
  await world.clock.advance(20_000);
  cut();
  await world.clock.advance(40_000);
  world.set(["a"], { "/standby": "b" });
  await world.clock.advance(120_000);
  assert.equal(parent(), "a");
  assert.equal(kinds().filter((kind) => kind === "refused").length, 1);
  assert.match(world.root.control.find("a")?.reason ?? "", /never heard that 'b' stands by for it/);

  world.network.heal();
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  cut();
  await world.clock.advance(200_000);
  assert.equal(parent(), "b");
  assert.ok(kinds().includes("failover"));
  world.network.heal();
  await world.clock.advance(60_000);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.orders, []);
  await world.stop();
});

test("the time to join that a node got while it was heard does not count when it loses its link later", () =>
  agrees({
    ...{ tree: "standby", seeds: [1507086490, 2, 10, 15, 22], level: true, brokersOutlive: true },
    weather: { loss: 0, duplication: 0.3, delay: 500 },
  }, [
    [{ do: "restart", name: "n3", down: 0, disk: false, will: 0 }, 15_000],
    [{ do: "restart", name: "b", down: 0, disk: true, will: 0 }, 15_000],
    [{ do: "restart broker", parent: "a" }, 0],
    [{ do: "heal" }, 40_000],
    [{ do: "move", name: "n1", parent: "root" }, 0],
  ]));

/** A rack and its node, which nothing ever happens to. */
async function quietRack(): Promise<TreeWorld> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "n1", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(30_000);
  return world;
}

test("a healthy node is not powered off when its will comes twice within a second", async () => {
  const world = await quietRack();
  for (const gap of [8, 20, 100, 500, 900, 1_100]) {
    for (let wills = 0; wills < 2; wills++) {
      world.network.staleWill(world.member("a").id, world.member("n1").id);
      await world.clock.advance(gap);
    }
    await world.clock.advance(60_000);
    assert.deepEqual(world.orders, [], `${gap} ms`);
  }
  await world.stop();
});

test("a healthy node is not powered off when its parent's call gets lost after a late will", async () => {
  const world = await quietRack();
  const calls: number[] = [];
  const before = world.network.onFrame;
  world.network.onFrame = (from, to, frame) => {
    before(from, to, frame);
    if (frame.type !== "rebirth") return;
    calls.push(world.clock.now());
    world.network.weather = { ...STILL, loss: calls.length <= 2 ? 1 : 0 };
  };
  world.network.staleWill(world.member("a").id, world.member("n1").id);
  await world.clock.advance(60_000);
  assert.equal(calls.length, 3);
  assert.deepEqual(disagreements(world), []);
  assert.deepEqual(world.orders, []);
  await world.stop();
});

/** A root with a node of its own, and a rack with one, of which something has been discovered. */
async function twoParents(): Promise<TreeWorld> {
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "a", parent: "root", isAggregator: true },
    { name: "n1", parent: "root" },
    { name: "n2", parent: "a" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(30_000);
  for (const node of ["n1", "n2"]) world.oversee(node, "x", 1);
  await world.clock.advance(5_000);
  return world;
}

for (const [parent, node] of [["root", "n1"], ["a", "n2"]] as const) {
  test(`no node keeps what ${parent} has told it and not got to its disk before a crash`, async () => {
    const world = await twoParents();
    for (const wait of [15, 50, 120, 250]) {
      if (parent === "a") world.network.cut(world.member("a").id, world.member("root").id);
      world.oversee(node, "x", 3);
      await world.clock.advance(1_000);
      world.oversee(node, "x", 2);
      await world.clock.advance(wait);
      world.kill(parent, 0);
      await world.clock.advance(1_000);
      world.start(parent);
      world.network.heal();
      await world.clock.advance(60_000);
      assert.deepEqual(disagreements(world), [], `${wait} ms`);
    }
    assert.deepEqual(world.orders, []);
    await world.stop();
  });
}

for (const isKilledAgain of [false, true]) {
  const again = isKilledAgain ? ", and is killed before that one is born," : "";
  test(`a rack that has lost its disk${again} has its word even where it gives a node's very versions again`, async () => {
    const world = await quietRack();
    const [a, root, n1] = ["a", "root", "n1"].map((name) => world.member(name).id);
    world.oversee("n1", "x", 1);
    await world.clock.advance(5_000);
    world.network.cut(a ?? "", root ?? "");
    await world.clock.advance(1_000);
    world.network.restartBroker(a ?? "");
    world.oversee("n1", "x", 2);
    await world.clock.advance(450);
    world.kill("a", 0);
    await world.clock.advance(1_000);
    world.start("a"); // its second run tells the node what the root never hears
    await world.clock.advance(8_000);
    world.kill("a", 0);
    world.wipe("a");
    world.network.heal();
    if (isKilledAgain) world.network.cut(n1 ?? "", a ?? "");
    await world.clock.advance(1_000);
    world.start("a");
    if (isKilledAgain) {
      await world.clock.advance(4_000);
      world.kill("a", 0);
      world.network.heal();
      world.start("a");
    }
    await world.clock.advance(120_000);
    assert.deepEqual(disagreements(world), []);
    assert.deepEqual(world.orders, []);
    await world.stop();
  });
}
