import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createPlacement } from "../../aggregator/tree/placement.ts";
import { createSmallTree, idOf } from "./small_tree.ts";
import { ofRun } from "../support/versions.ts";

test("via() is the own child through which a node is reached", () => {
  const { nodes: { placement }, set } = createSmallTree();
  set("a1", { "/role": "AGGREGATOR", "/parent": "a" });
  set("n1", { "/parent": "a1" });
  set("n2", { "/parent": "root" });
  set("n3", {});
  assert.equal(placement.via(idOf("n1")), idOf("a"));
  assert.equal(placement.via(idOf("n2")), idOf("n2"));
  assert.equal(placement.via(idOf("n3")), undefined);
  assert.deepEqual([...placement.above(idOf("n1"))], [idOf("a1"), idOf("a"), idOf("root")]);
  assert.deepEqual([...placement.direct()].sort(), [idOf("a"), idOf("b"), idOf("n2")].sort());
});

test("update() names every node that is reached in another way, once", () => {
  const { nodes: { placement }, replica, set } = createSmallTree();
  set("a1", { "/role": "AGGREGATOR", "/parent": "a" });
  set("n1", { "/parent": "a1" });
  const other = createPlacement(replica, "root");
  replica.write(idOf("a1"), "cfg", new Map([["/parent", "b"]]), ofRun(1));
  const moves = other.update(idOf("a1"));
  assert.deepEqual(
    moves.map(({ id, before, after }) => [id, before, after]).sort(),
    [[idOf("a1"), idOf("a"), idOf("b")], [idOf("n1"), idOf("a"), idOf("b")]].sort(),
  );
  assert.deepEqual(other.update(idOf("a1")), []);
  assert.equal(placement.via(idOf("n1")), idOf("b"));
});

test("children that are known before their aggregator are placed when it comes", () => {
  const { nodes: { placement }, set } = createSmallTree();
  set("n1", { "/parent": "late" });
  assert.equal(placement.via(idOf("n1")), undefined);
  set("late", { "/role": "AGGREGATOR", "/parent": "b" });
  assert.equal(placement.via(idOf("n1")), idOf("b"));
});

test("a deleted node is nowhere, and cfg that goes round in circles ends", () => {
  const { nodes: { placement }, set } = createSmallTree();
  set("n1", { "/parent": "a" });
  set("n1", { "/parent": null, "/deleted": true });
  assert.equal(placement.via(idOf("n1")), undefined);
  set("x", { "/role": "AGGREGATOR", "/parent": "y" });
  set("y", { "/role": "AGGREGATOR", "/parent": "x" });
  set("n2", { "/parent": "x" });
  assert.equal(placement.via(idOf("n2")), undefined);
});

test("a placement that followed changes is the one that is made anew", () => {
  const names = ["a", "b", "c", "d", "n", "m"];
  const change = fc.record({
    name: fc.constantFrom(...names),
    parent: fc.constantFrom("root", "a", "b", "c", "d", null),
    isAggregator: fc.boolean(),
  });
  const covered = createCoverage(
    "placements",
    ["ten changes", "a node two levels down", "a node that is nowhere"],
    0.15,
  );
  fc.assert(fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
    const { nodes: { placement }, replica, set } = createSmallTree();
    for (const { name, parent, isAggregator } of changes) {
      set(name, { "/parent": parent, "/role": isAggregator ? "AGGREGATOR" : null });
    }
    const anew = createPlacement(replica, "root");
    for (const name of names) assert.equal(placement.via(idOf(name)), anew.via(idOf(name)), name);
    for (const name of names) {
      assert.deepEqual([...placement.below(idOf(name))].sort(), [...anew.below(idOf(name))].sort());
    }
    const ways = names.map((name) => ({ id: idOf(name), via: placement.via(idOf(name)) }));
    covered.saw(
      ...(changes.length >= 10 ? ["ten changes" as const] : []),
      ...(ways.some(({ id, via }) => via !== undefined && via !== id) ? ["a node two levels down" as const] : []),
      ...(ways.some(({ via }) => via === undefined) ? ["a node that is nowhere" as const] : []),
    );
  }));
  covered.check();
});
