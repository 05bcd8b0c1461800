import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunBudget } from "../../aggregator/links/run_budget.ts";
import { createSubtreeScope } from "../../aggregator/tree/subtree_scope.ts";
import { type Entry, MAX_INTEGER } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";
import { at, makeTerm } from "../support/versions.ts";

const ID = idOf("n");
const session = { term: makeTerm(1, 1), blankUpTo: 0 };

/** The scope of the root towards `a`, below which is `n`. */
function make(isPending = false) {
  const tree = createSmallTree();
  tree.set("n", { "/parent": "a", "/assignment": assigned(1, "a") });
  const world = { told: [] as string[], settled: 0 };
  const clock = createVirtualClock();
  const { spend: mayGoOn } = createRunBudget({ clock, changes: tree.changes });
  const { placement } = tree.nodes;
  const scope = createSubtreeScope({ ...tree, placement, mayGoOn, child: idOf("a"), isPending }, {
    onTold: (ids) => void world.told.push(...ids),
    onSettled: () => void world.settled++,
  });
  /** The URLs that the child is to have of a node. */
  const wanted = () =>
    tree.replica.since(ID, 0).filter((change) => scope.wanted(change, session)).map(({ url }) => url);
  return { ...tree, scope, world, wanted, clock };
}
function entry(value: string, assignment: number): Entry {
  return { value, version: at(1, 1, assignment) };
}

test("a child can't outrank the root's assignment: such values are refused, and due when the root has said so", () => {
  const { scope, replica, set } = make();
  const values = new Map([["/runState", entry("SYNC", 2)], ["/physState", entry("POWER_ON", 1)]]);
  assert.equal(scope.take(ID, "parent", values, session), 1);
  assert.deepEqual([...replica.get(ID)?.facets.parent.keys() ?? []], ["/physState"]);
  assert.equal(scope.wasEarly?.(), true);
  assert.equal(scope.wasEarly?.(), false);
  set("n", { "/assignment": assigned(2, "a") });
  assert.equal(scope.isDue(ID), true);
  assert.equal(scope.isDue(ID), false);
  assert.equal(scope.take(ID, "parent", values, session), 0);
  assert.equal(replica.get(ID)?.facets.parent.get("/runState")?.value, "SYNC");
});

test("a child can't use up the runs of a node below it by one value, nor by many", async () => {
  const { scope, replica, clock, set } = make();
  const relay = (facet: "parent" | "self", run: number, assignment = 1) =>
    scope.take(ID, facet, new Map([["/x", { value: run, version: { assignment, run, rev: 1 } }]]), session);
  const lastRun = (facet: "parent" | "self") => replica.get(ID)?.facets[facet].get("/x")?.version.run;
  for (const facet of ["parent", "self"] as const) {
    assert.deepEqual([relay(facet, MAX_INTEGER), lastRun(facet)], [1, undefined]);
    assert.deepEqual([relay(facet, 60_000), relay(facet, 120_000), lastRun(facet)], [0, 1, 60_000]);
    for (let run = 61_000; run < 200_000; run += 1_000) relay(facet, run);
    assert.equal(lastRun(facet), 100_000);
    await clock.advance(60_000);
    assert.deepEqual([relay(facet, 100_061), relay(facet, 100_060), lastRun(facet)], [1, 0, 100_060]);
  }
  set("n", { "/assignment": assigned(2, "a") });
  assert.deepEqual([relay("parent", 1, 2), lastRun("parent")], [0, 1], "another assignment begins anew");
});

test("values of runs that are known are taken beside those that are not believed", () => {
  const { scope, replica } = make();
  const version = (run: number, rev: number) => ({ assignment: 1, run, rev });
  scope.take(ID, "parent", new Map([["/a", { value: 1, version: version(3, 1) }]]), session);
  const values = new Map([
    ["/a", { value: 2, version: version(3, 2) }],
    ["/b", { value: 2, version: version(MAX_INTEGER, 1) }],
  ]);
  assert.equal(scope.take(ID, "parent", values, session), 1);
  assert.deepEqual([...replica.get(ID)?.facets.parent.keys() ?? []], ["/a"]);
  assert.equal(replica.get(ID)?.facets.parent.get("/a")?.value, 2);
  assert.equal(scope.wasEarly?.(), false, "it is not asked for again");
});

test("a child writes neither cfg nor anything of a node that is not below it", () => {
  const { scope, set } = make();
  set("m", { "/parent": "b" });
  const values = new Map([["/runState", entry("SYNC", 1)]]);
  assert.equal(scope.take(ID, "cfg", values, session), 1);
  assert.equal(scope.take(idOf("m"), "parent", values, session), 1);
  assert.equal(scope.take(idOf("a"), "parent", values, session), 1);
});

test("a child has cfg of its nodes, and of a node that arrived everything, until it has acknowledged that", () => {
  const { scope, world, wanted, replica, discover } = make();
  discover("n", "parent", { "/physState": "POWER_ON" });
  discover("n", "self", { "/seen": "1.1" });
  const cfg = ["/name", "/parent", "/assignment"];
  assert.deepEqual(wanted(), cfg);
  scope.arrived(ID);
  assert.deepEqual(wanted(), [...cfg, "/physState", "/seen"]);
  scope.acked?.(replica.index - 1);
  assert.equal(scope.hasPending, true);
  scope.acked?.(replica.index);
  assert.deepEqual(wanted(), cfg);
  assert.equal(world.settled, 1);
});

test("what an earlier run had not given is everything", () => {
  const { scope, wanted, replica, discover } = make(true);
  assert.equal(scope.hasPending, true);
  scope.acked?.(replica.index);
  assert.equal(scope.hasPending, false);
  discover("n", "self", { "/seen": "1.1" });
  assert.equal(wanted().includes("/seen"), false);
});

test("a child is told of a node that left until it has acknowledged that", () => {
  const { scope, world, replica, set } = make();
  set("n", { "/parent": "b" });
  scope.left(ID);
  assert.deepEqual([...scope.documents(0)].includes(ID), true);
  scope.acked?.(replica.index);
  assert.deepEqual(world.told, [ID]);
  assert.deepEqual([...scope.documents(0)].includes(ID), false);
});
