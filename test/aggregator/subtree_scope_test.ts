import assert from "node:assert/strict";
import { test } from "node:test";
import { createSubtreeScope } from "../../aggregator/tree/subtree_scope.ts";
import { type Entry } from "../../src/state/mod.ts";
import { assigned, createSmallTree, idOf } from "./small_tree.ts";
import { at, makeTerm } from "../support/versions.ts";

const ID = idOf("n");
const session = { term: makeTerm(1, 1), blankUpTo: 0 };

/** The scope of the root towards `a`, below which is `n`. */
function make(isPending = false) {
  const tree = createSmallTree();
  tree.set("n", { "/parent": "a", "/assignment": assigned(1, "a") });
  const world = { told: [] as string[], settled: 0 };
  const scope = createSubtreeScope({ ...tree, placement: tree.nodes.placement, child: idOf("a"), isPending }, {
    onTold: (ids) => void world.told.push(...ids),
    onSettled: () => void world.settled++,
  });
  /** The URLs that the child is to have of a node. */
  const wanted = () =>
    tree.replica.since(ID, 0).filter((change) => scope.wanted(change, session)).map(({ url }) => url);
  return { ...tree, scope, world, wanted };
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
