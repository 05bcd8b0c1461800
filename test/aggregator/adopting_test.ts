import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdopting } from "../../aggregator/handover/adopting.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, createTestChanges, idOf, listen } from "./small_tree.ts";
import { makeTerm, ofRun } from "../support/versions.ts";

const ID = idOf("n");

function make(held: string[] = ["a"], number = 2) {
  const tree = createSmallTree();
  const clock = createVirtualClock();
  const world = { term: ofRun(0), over: 0, isElsewhere: false };
  const changes = createTestChanges();
  const adopting = createAdopting({
    ...{ replica: tree.replica, nodes: tree.nodes, changes, clock, grace: 1_000 },
    isElsewhere: () => world.isElsewhere,
    termOf: () => world.term,
  });
  listen(changes, ["JoinOverdue"], () => void world.over++);
  tree.set("n", { "/parent": "root", "/assignment": assigned(number, "root", { held }) });
  tree.discover("n", "parent", { "/physState": "POWER_ON", "/runState": "SYNC" }, number);
  tree.discover("n", "self", { "/seen": "1.1" }, 1);
  adopting.begin(ID);
  return { ...tree, changes, clock, world, adopting };
}

test("a node that others may have is awaited for as long as they do not let it go, and for the grace time then", async () => {
  const { adopting, clock, set, world } = make();
  await clock.advance(3_600_000);
  assert.equal(adopting.isAwaited(ID), true);
  assert.equal(adopting.isUntouchable(ID), true);
  set("n", { "/assignment": assigned(2, "root") });
  adopting.begin(ID);
  assert.equal(adopting.isAwaited(ID), true);
  const before = world.over;
  await clock.advance(1_000);
  assert.equal(adopting.isAwaited(ID), false);
  assert.equal(world.over, before + 1);
});

test("a node is awaited no longer once it was welcomed, or has written, under its assignment", () => {
  const welcomed = make();
  welcomed.world.term = makeTerm(2, 1);
  assert.equal(welcomed.adopting.isAwaited(ID), false);
  const wrote = make();
  wrote.discover("n", "self", { "/seen": "1.2" }, 2);
  assert.equal(wrote.adopting.isAwaited(ID), false);
});

test("a node that was never given away is not awaited", () => {
  assert.equal(make([], 1).adopting.isAwaited(ID), false);
  const { adopting, set, clock } = make([], 1);
  set("new", { "/parent": "root", "/assignment": assigned(1, "root") });
  adopting.begin(idOf("new"));
  assert.deepEqual([adopting.isAwaited(idOf("new")), clock.waiting], [false, 0]);
});

test("a node that comes twice gets its time once, from then, and one that is here gets none", async () => {
  const { adopting, clock, world } = make();
  await clock.advance(900);
  adopting.begin(ID);
  assert.equal(clock.waiting, 1);
  await clock.advance(999);
  assert.equal(world.over, 0);
  await clock.advance(1);
  assert.equal(world.over, 1);
  adopting.begin(ID);
  world.term = makeTerm(2, 1);
  adopting.begin(ID);
  assert.equal(clock.waiting, 0, "it has joined");
  await clock.advance(10_000);
  assert.equal(world.over, 1);
});

test("a node that is elsewhere, by its own word, is awaited as long as that holds", () => {
  const { adopting, world } = make([], 1);
  world.isElsewhere = true;
  assert.deepEqual([adopting.isAwaited(ID), adopting.isUntouchable(ID)], [true, true]);
  world.isElsewhere = false;
  assert.equal(adopting.isAwaited(ID), false);
});

test("a node that is removed is forgotten, with what was seen of its machine", async () => {
  const { adopting, clock, world, changes, discover } = make();
  discover("n", "parent", { "/physState": "POWER_OFF" }, 2);
  changes.post({ kind: "PowerChanged", id: ID });
  assert.equal(adopting.isAwaited(ID), false);
  changes.post({ kind: "Moved", id: ID, before: ID, after: undefined });
  assert.deepEqual(
    [clock.waiting, adopting.isAwaited(ID)],
    [0, true],
    "others may have it, and nobody has seen it off",
  );
  await clock.advance(10_000);
  assert.equal(world.over, 0);
});

test("nothing is over after a stop", async () => {
  const { adopting, clock, world } = make();
  adopting.stop();
  assert.equal(clock.waiting, 0);
  await clock.advance(10_000);
  assert.equal(world.over, 0);
});

test("only a machine that may run is left alone", () => {
  for (const [state, isUntouchable] of [["POWER_ON", true], ["POWER_CYCLE", true], ["PHYS_HANG", true]] as const) {
    const { adopting, discover } = make();
    discover("n", "parent", { "/physState": state }, 2);
    assert.equal(adopting.isUntouchable(ID), isUntouchable, state);
  }
  const { adopting, discover } = make();
  for (const state of [null, "PHYS_UNKNOWN", "POWER_OFF"]) {
    discover("n", "parent", { "/physState": state }, 2);
    assert.equal(adopting.isUntouchable(ID), false, String(state));
  }
});

test("a machine that is off has no agent: it may be powered on, and was nobody's from then on", () => {
  const { adopting, discover, changes } = make();
  discover("n", "parent", { "/physState": "POWER_OFF" }, 2);
  assert.equal(adopting.isUntouchable(ID), false);
  assert.equal(adopting.isAwaited(ID), true);
  changes.post({ kind: "PowerChanged", id: ID });
  discover("n", "parent", { "/physState": "POWER_ON" }, 2);
  assert.equal(adopting.isAwaited(ID), false);
});

test("whoever asks for a machine to be off gets that", () => {
  const { adopting, set } = make();
  set("n", { "/physState": "POWER_OFF" });
  assert.equal(adopting.isUntouchable(ID), false);
});
