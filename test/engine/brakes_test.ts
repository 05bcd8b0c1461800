import assert from "node:assert/strict";
import { test } from "node:test";
import { createBrakes } from "../../src/engine/limits/brakes.ts";
import { readPolicy } from "../../src/engine/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { DARK, LIT, nodeOf } from "./decisions.ts";

/** Brakes with one rule, of nodes by name, which are their ids too; and who was woken. */
function make(rule: { readonly [field: string]: Value }, names: readonly string[], unhealthy: readonly string[] = []) {
  const woken: string[] = [];
  const brakes = createBrakes((id) => void woken.push(id));
  const policy = readPolicy(new Map([["/invariants/brake", { kind: "brake", ...rule }]]));
  brakes.setPolicy(policy, names.map((name) => ({ id: name, name, unhealthy: unhealthy.includes(name) })));
  const objection = (name: string) => brakes.objectsToRepair(name, nodeOf(LIT, DARK, { name }))?.because;
  return { brakes, policy, woken, objection };
}

test("a brake refuses repairs of its own nodes once more than its share of them are unhealthy, the node itself counted", () => {
  const names = ["n1", "n2", "n3", "n4", "m1"];
  const one = make({ nodes: "n[1-4]", unhealthyAbove: "25%" }, names, ["n1", "m1"]);
  assert.equal(one.objection("n1"), undefined, "one of four is no more than a quarter");
  assert.equal(one.objection("n2"), "2 of 4 nodes are unhealthy, more than 25%", "it has just been seen as unhealthy");
  const two = make({ nodes: "n[1-4]", unhealthyAbove: "25%" }, names, ["n1", "n2"]);
  assert.equal(two.objection("n1"), "2 of 4 nodes are unhealthy, more than 25%");
  assert.equal(two.objection("m1"), undefined, "it is none of its nodes");
  assert.equal(make({ unhealthyAbove: "100%" }, names, names).objection("n1"), undefined);
  assert.equal(make({ unhealthyAbove: "0%" }, names).objection("n1"), "1 of 5 nodes are unhealthy, more than 0%");
});

test("a brake refuses repairs while other nodes of its own have to be looked at, and says how many", () => {
  const { brakes, objection } = make({ nodes: "n[1-9]", unhealthyAbove: "50%" }, ["n1", "n2", "n3", "m1"]);
  brakes.changed("n1", "n1");
  brakes.changed("m1", "m1");
  assert.equal(objection("n1"), undefined, "it is being looked at itself");
  brakes.changed("n2", "n2");
  assert.equal(objection("n1"), "1 node has to be looked at first");
  brakes.changed("n3", "n3");
  assert.equal(objection("n1"), "2 nodes have to be looked at first");
  brakes.seen("n1");
  assert.equal(objection("n1"), "2 nodes have to be looked at first");
  for (const id of ["n2", "n3"]) brakes.seen(id);
  assert.equal(objection("n1"), undefined);
});

test("nodes that come and go change the share, and only of brakes that are about them", () => {
  const { brakes, objection } = make({ nodes: "n[1-9]", unhealthyAbove: "50%" }, ["n1", "n2"], ["n1", "n2"]);
  assert.equal(objection("n1"), "2 of 2 nodes are unhealthy, more than 50%");
  brakes.join("m1");
  brakes.join("n3");
  assert.equal(objection("n1"), "2 of 3 nodes are unhealthy, more than 50%");
  brakes.join("n4");
  assert.equal(objection("n1"), undefined);
  brakes.leave("m1", "m1");
  assert.equal(objection("n1"), undefined);
  brakes.leave("n4", "n4");
  assert.equal(objection("n1"), "2 of 3 nodes are unhealthy, more than 50%");
  brakes.leave("n2", "n2");
  assert.equal(objection("n1"), undefined, "one of two");
  brakes.note("m1", "m1", true);
  assert.equal(objection("n1"), undefined);
  brakes.note("n3", "n3", true);
  assert.equal(objection("n1"), "2 of 2 nodes are unhealthy, more than 50%");
  brakes.changed("n5", "n5");
  brakes.leave("n5", "m5");
  brakes.note("n3", "n3", false);
  assert.equal(objection("n1"), undefined, "what is gone is not looked at");
});

test("who was refused is woken once the brake lets go: a node recovers, leaves or joins", () => {
  const ways = [
    (brakes: ReturnType<typeof createBrakes>) => brakes.note("n2", "n2", false),
    (brakes: ReturnType<typeof createBrakes>) => brakes.leave("n2", "n2"),
    (brakes: ReturnType<typeof createBrakes>) => brakes.join("n4"),
  ];
  for (const way of ways) {
    const { brakes, woken } = make({ unhealthyAbove: "50%" }, ["n1", "n2", "n3"], ["n1", "n2"]);
    brakes.refused("n1", "brake");
    brakes.note("n3", "n3", false);
    assert.deepEqual(woken, [], "nothing has changed");
    way(brakes);
    assert.deepEqual(woken, ["n1"]);
    way(brakes);
    assert.deepEqual(woken, ["n1"], "once");
  }
});

test("who is refused by a brake that is off by then is woken at once, and who is gone or has another brake is not", () => {
  const { brakes, woken } = make({ unhealthyAbove: "50%" }, ["n1", "n2"], ["n1"]);
  brakes.refused("n1", "other");
  assert.deepEqual(woken, []);
  brakes.refused("n1", "brake");
  assert.deepEqual(woken, ["n1"]);
  brakes.note("n2", "n2", true);
  brakes.refused("n1", "brake");
  brakes.leave("n1", "n1");
  brakes.note("n2", "n2", false);
  assert.deepEqual(woken, ["n1"], "it is gone");
});

test("who was refused is woken by another policy, under which the nodes are counted anew", () => {
  const { brakes, woken, policy, objection } = make({ unhealthyAbove: "0%" }, ["n1", "n2"], ["n1"]);
  brakes.refused("n1", "brake");
  brakes.setPolicy(policy, [{ id: "n1", name: "n1", unhealthy: true }]);
  assert.deepEqual(woken, ["n1"]);
  assert.equal(objection("n1"), "1 of 1 nodes are unhealthy, more than 0%");
});
