import assert from "node:assert/strict";
import { test } from "node:test";
import { createMoves } from "../../aggregator/handover/moves.ts";
import { createSmallTree, idOf } from "./small_tree.ts";

const [N, A, B] = [idOf("n"), idOf("a"), idOf("b")];

/** What follows from moves, in words, at the root or at a rack with the same tree below it. */
function make(isRoot = false) {
  const tree = createSmallTree();
  const done: string[] = [];
  const leaving = new Set<string>();
  const names = new Map(["n", "m", "a", "b", "root", "x"].map((name) => [idOf(name), name]));
  const say = (what: string) => (...ids: readonly string[]) =>
    void done.push([what, ...ids.map((id) => names.get(id) ?? id)].join(" "));
  const build = () =>
    createMoves({
      ...{ replica: tree.replica, nodes: tree.nodes, ownId: idOf("root"), isRoot },
      children: {
        remove: say("remove"),
        left: say("left"),
        arrived: say("arrived"),
        changed: (id, facet) => say(`changed ${facet} of`)(id),
        isLeaving: (id) => leaving.has(id),
        refresh: say("refresh"),
      },
      persistence: { forget: say("forget") },
      adopting: { remove: say("adopting without") },
      runStates: { remove: say("run states without") },
      statuses: { remove: say("statuses without") },
      takeOver: say("take over"),
      touch: say("touch"),
    });
  return { ...tree, done, leaving, build };
}

test("a child that is none any more is forgotten by everything that is kept of children", () => {
  const { build, done } = make();
  build().moved({ id: N, before: N, after: A });
  assert.deepEqual(done, [
    ...["remove n", "run states without n", "adopting without n", "statuses without n"],
    ...["arrived a n", "changed cfg of n", "touch n"],
  ]);
});

test("a node that becomes a child is taken over, once what runs now is over", async () => {
  const { build, done } = make();
  build().moved({ id: N, before: undefined, after: N });
  assert.deepEqual(done, ["touch n"]);
  await undefined;
  assert.deepEqual(done, ["touch n", "take over n"]);
});

test("a node that goes from one child to another is told of to both, as if all of it were new", () => {
  const { build, done, set, replica } = make();
  set("n", { "/parent": "b" });
  const before = replica.index;
  build().moved({ id: N, before: A, after: B });
  assert.deepEqual(done, ["left a n", "arrived b n", "changed cfg of n", "touch n"]);
  assert.ok(replica.indexOf(N) > before);
});

test("a node that is not below any more is forgotten when its parent has said all, and its child was told", () => {
  const { build, done, leaving, set, replica } = make();
  set("n", { "/parent": "elsewhere" });
  const moves = build();
  moves.moved({ id: N, before: A, after: undefined });
  leaving.add(N);
  moves.forgetDoubtful();
  assert.deepEqual(done, ["left a n", "touch n"]);
  leaving.clear();
  moves.forgetDoubtful();
  moves.forgetDoubtful();
  assert.deepEqual(done.slice(2), ["forget n", "statuses without n", "touch n"]);
  assert.equal(replica.get(N), undefined);
});

test("a node that is in doubt and is below after all stays", () => {
  const { build, done, set, replica } = make();
  set("n", { "/parent": "a" });
  const moves = build();
  moves.doubt(N);
  moves.doubt(idOf("root"));
  moves.forgetDoubtful();
  assert.deepEqual([done, replica.get(N) !== undefined, replica.get(idOf("root")) !== undefined], [[], true, true]);
});

test("the root forgets nothing that is not below it: it is the memory of the cluster", () => {
  const { build, done, set } = make(true);
  set("n", {});
  const moves = build();
  moves.moved({ id: N, before: A, after: undefined });
  moves.forgetDoubtful();
  assert.deepEqual(done, ["left a n", "touch n"]);
});

test("what an earlier run held and is not below is in doubt from the start", () => {
  const { build, done, set } = make();
  set("n", {});
  set("m", { "/parent": "a" });
  build().forgetDoubtful();
  assert.deepEqual(done, ["forget n", "statuses without n", "touch n"]);
});

test("a child that the parent does not speak of is forgotten, link and all", () => {
  const { build, done, set } = make();
  set("n", { "/parent": "root" });
  build().forgotten([N]);
  assert.deepEqual(done, [
    ...["forget n", "remove n", "run states without n", "adopting without n", "statuses without n", "touch n"],
  ]);
});

test("the child through which a forgotten node was reached has to forget it too", () => {
  const { build, done, set } = make();
  set("n", { "/parent": "a" });
  build().forgotten([N]);
  assert.deepEqual(done, ["forget n", "refresh a", "statuses without n", "touch n"]);
});

test("a node of which a child has still to hear is forgotten after that", () => {
  const { build, done, leaving, set } = make();
  set("n", { "/parent": "elsewhere" });
  const moves = build();
  leaving.add(N);
  moves.forgotten([N]);
  assert.deepEqual(done, []);
  leaving.clear();
  moves.forgetDoubtful();
  assert.equal(done[0], "forget n");
});

test("a node of which a child has still to hear, and that is below all the same, is forgotten at once", () => {
  const { build, done, leaving, set } = make();
  set("n", { "/parent": "a" });
  leaving.add(N);
  build().forgotten([N]);
  assert.equal(done[0], "forget n");
});

test("what a node was like is no more once it is forgotten", () => {
  const { build, set, nodes, discover } = make();
  set("n", { "/parent": "a" });
  discover("n", "parent", { "/physState": "POWER_ON" });
  assert.equal(nodes.read(N)?.view.get("/physState"), "POWER_ON");
  build().forgotten([N]);
  assert.equal(nodes.read(N), undefined);
});

test("what was below an aggregator that is forgotten is below it no more", () => {
  const { build, done, set } = make();
  set("n", { "/parent": "a" });
  const moves = build();
  moves.forgotten([A]);
  assert.ok(done.includes("left a n"));
  moves.forgetDoubtful();
  assert.ok(done.includes("forget n"));
});
