import assert from "node:assert/strict";
import { test } from "node:test";
import { followMoves } from "../../aggregator/handover/moves.ts";
import { assigned, createSmallTree, idOf, listen } from "./small_tree.ts";

const [N, A, B] = [idOf("n"), idOf("a"), idOf("b")];

/** What follows from moves, in words, at the root or at a rack with the same tree below it. */
function make(isRoot = false) {
  const tree = createSmallTree();
  const done: string[] = [];
  const departing = new Set<string>();
  const world = { isBehind: false };
  const names = new Map(["n", "m", "a", "b", "root", "x"].map((name) => [idOf(name), name]));
  const { replica, nodes, changes, commits } = tree;
  const follow = () => {
    followMoves({
      ...{ replica, nodes, ownId: idOf("root"), isRoot, changes, commits },
      children: { isDeparting: (id) => departing.has(id) },
      batchWriter: { forget: (id) => void done.push(`forget ${names.get(id)} on disk`) },
      isBehind: () => world.isBehind,
    });
    listen(changes, ["NodeRemoved"], ({ id, via }) => {
      done.push(["removed", names.get(id), ...(via === undefined ? [] : ["via", names.get(via)])].join(" "));
    });
  };
  const caughtUp = () => changes.post({ kind: "CaughtUp" });
  return { ...tree, done, departing, world, follow, caughtUp };
}

test("a node that goes from one child to another is told of as if all of it were new", () => {
  const { follow, set, replica } = make();
  set("n", { "/parent": "a" });
  set("m", { "/parent": "a" });
  follow();
  const before = replica.index;
  set("n", { "/parent": "b" });
  assert.equal(replica.indexOf(N), before + 3, "each of its values, after the one that has changed");
  set("m", { "/x": 1 });
  assert.equal(replica.indexOf(idOf("m")), before + 4);
});

test("a node under another assignment that is reached as before is told of as if all of it were new", () => {
  const { follow, set, replica } = make();
  set("n", { "/parent": "a", "/assignment": assigned(1, "a") });
  follow();
  const before = replica.index;
  set("n", { "/assignment": assigned(2, "a") });
  assert.equal(replica.indexOf(N), before + 4);
});

test("a node that is not below any more is forgotten when its parent has said all, and its child was told", () => {
  const { follow, done, departing, set, replica, changes, caughtUp, world } = make();
  set("n", { "/parent": "a" });
  follow();
  set("n", { "/parent": "elsewhere" });
  departing.add(N);
  caughtUp();
  assert.deepEqual(done, []);
  departing.clear();
  world.isBehind = true;
  changes.post({ kind: "DepartureTold", id: N });
  assert.deepEqual(done, [], "the parent may still say otherwise");
  world.isBehind = false;
  changes.post({ kind: "DepartureTold", id: N });
  caughtUp();
  assert.deepEqual(done, ["forget n on disk", "removed n"]);
  assert.equal(replica.get(N), undefined);
});

test("a node that is in doubt and is below after all stays", () => {
  const { follow, done, set, replica, changes, caughtUp } = make();
  set("n", { "/parent": "a" });
  follow();
  for (const id of [N, idOf("root")]) changes.post({ kind: "StrayHeard", id });
  caughtUp();
  assert.deepEqual([done, replica.get(N) !== undefined, replica.get(idOf("root")) !== undefined], [[], true, true]);
});

test("the root forgets nothing that is not below it: it is the memory of the cluster", () => {
  const { follow, done, set, caughtUp } = make(true);
  set("n", { "/parent": "a" });
  follow();
  set("n", { "/parent": null });
  caughtUp();
  assert.deepEqual(done, []);
});

test("what an earlier run held and is not below is in doubt from the start", () => {
  const { follow, done, set, caughtUp } = make();
  set("n", {});
  set("m", { "/parent": "a" });
  follow();
  caughtUp();
  assert.deepEqual(done, ["forget n on disk", "removed n"]);
});

test("a node that the parent does not speak of is forgotten, and it is told through which child it was reached", () => {
  const { follow, done, set, changes } = make();
  set("n", { "/parent": "root" });
  set("m", { "/parent": "a" });
  follow();
  changes.post({ kind: "ParentSilentOn", ids: [N, idOf("m")] });
  assert.deepEqual(done, ["forget n on disk", "forget m on disk", "removed n via n", "removed m via a"]);
});

test("a node of which a child has still to hear is forgotten after that", () => {
  const { follow, done, departing, set, changes, caughtUp } = make();
  set("n", { "/parent": "elsewhere" });
  follow();
  departing.add(N);
  changes.post({ kind: "ParentSilentOn", ids: [N] });
  assert.deepEqual(done, []);
  departing.clear();
  caughtUp();
  assert.deepEqual(done, ["forget n on disk", "removed n"]);
});

test("a node of which a child has still to hear, and that is below all the same, is forgotten at once", () => {
  const { follow, done, departing, set, changes } = make();
  set("n", { "/parent": "a" });
  follow();
  departing.add(N);
  changes.post({ kind: "ParentSilentOn", ids: [N] });
  assert.equal(done[0], "forget n on disk");
});

test("what a node was like is no more once it is forgotten", () => {
  const { follow, set, nodes, discover, changes } = make();
  set("n", { "/parent": "a" });
  discover("n", "parent", { "/physState": "POWER_ON" });
  assert.equal(nodes.read(N)?.view.get("/physState"), "POWER_ON");
  follow();
  changes.post({ kind: "ParentSilentOn", ids: [N] });
  assert.equal(nodes.read(N), undefined);
});

test("what was below an aggregator that is forgotten is below it no more", () => {
  const { follow, done, set, changes, caughtUp } = make();
  set("n", { "/parent": "a" });
  follow();
  const moved: (string | undefined)[][] = [];
  listen(changes, ["Moved"], ({ id, before, after }) => void moved.push([id, before, after]));
  changes.post({ kind: "ParentSilentOn", ids: [A] });
  assert.deepEqual(moved, [[N, A, undefined]]);
  caughtUp();
  assert.ok(done.includes("removed n"));
  assert.ok(!done.includes("removed b"), B);
});
