import assert from "node:assert/strict";
import { test } from "node:test";
import { createTakeover } from "../../aggregator/ownership/takeover.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { takeWriterTerm } from "../../aggregator/store/writer_term.ts";
import { assigned, createSmallTree, createTestChanges, idOf, listen, quiet } from "../aggregator/small_tree.ts";
import { makeTerm } from "../support/versions.ts";

const ID = idOf("n");

/** The root in its first run, which gets `n` under assignment 2; an earlier aggregator of it has left values. */
function make() {
  const tree = createSmallTree();
  const store = openMemoryStore();
  const world = { isFull: false };
  const done: string[] = [];
  const term = takeWriterTerm(
    {
      ...store,
      commit(batch) {
        if (world.isFull) throw new Error("No space left");
        store.commit(batch);
      },
    },
    store.load(),
    () => tree.replica,
  );
  tree.set("n", { "/parent": "root", "/assignment": assigned(2, "root") });
  tree.discover("n", "parent", { "/physState": "POWER_ON" });
  const changes = createTestChanges();
  const takeover = createTakeover({
    ...{ term, replica: tree.replica, nodes: tree.nodes, changes, log: quiet },
    discovered: { parent: (_id, values) => void done.push(`write ${[...values.keys()]} ${[...values.values()]}`) },
    tellFreeze: () => void done.push("freeze"),
  });
  const made: string[] = [];
  listen(changes, ["CaughtUpWithStore"], () => void made.push("made up"));
  /** The store takes writes again. @returns Whether there was something to make up for. */
  const makeUp = () => {
    made.length = 0;
    changes.post({ kind: "StoreTurned", problem: undefined });
    return made.length > 0;
  };
  const termOf = (url: string) => {
    const version = tree.replica.get(ID)?.facets.parent.get(url)?.version;
    return version && makeTerm(version.assignment, version.run);
  };
  const stored = () => store.load().facts.get("run");
  return { ...tree, changes, takeover, makeUp, done, world, term, termOf, stored };
}
const ALL = ["write /approval ", "freeze"];

test("what an earlier aggregator knew of a node stays true, and is this one's to say", () => {
  const { takeover, done, termOf } = make();
  takeover.takeOver(ID);
  assert.deepEqual([termOf("/physState"), done], [makeTerm(2, 1), ALL]);
});

test("a node that is reached through somebody else is not taken over", () => {
  const { takeover, done, set, termOf } = make();
  set("n", { "/parent": "b" });
  takeover.takeOver(ID);
  assert.deepEqual([done, termOf("/physState")], [[], makeTerm(1, 1)]);
});

test("a run above the one that wrote last is on disk first", () => {
  const { takeover, replica, stored, termOf } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  takeover.takeOver(ID);
  assert.deepEqual([stored(), termOf("/runState")], [8, makeTerm(2, 8)]);
});

test("a node that has a writer of a later assignment is left as it is", () => {
  const { takeover, replica, done } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(3, 1));
  assert.equal(takeover.takeOver(ID), false);
  assert.deepEqual(done, []);
});

test("what can't be done while the disk is full is made up for once", () => {
  const { takeover, makeUp, replica, done, world, term } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  assert.equal(makeUp(), false);
  world.isFull = true;
  takeover.takeOver(ID);
  takeover.advanceTo(20);
  takeover.advanceTo(15);
  assert.deepEqual([done, term.run], [[], 1]);
  assert.equal(makeUp(), true);
  assert.deepEqual([done, term.run], [[], 1], "it is full still");
  world.isFull = false;
  assert.equal(makeUp(), true);
  assert.deepEqual([done, term.run], [ALL, 20]);
  assert.equal(makeUp(), false);
  assert.equal(done.length, ALL.length);
});

test("a node that could not be taken over is made up for without a run that is counted on to", () => {
  const { takeover, makeUp, replica, world, done } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  world.isFull = true;
  takeover.takeOver(ID);
  world.isFull = false;
  assert.deepEqual([makeUp(), done], [true, ALL]);
});

test("a run that is counted on to is made up for without a node, too", () => {
  const { takeover, makeUp, world, term } = make();
  takeover.advanceTo(5);
  assert.equal(term.run, 5);
  world.isFull = true;
  takeover.advanceTo(9);
  world.isFull = false;
  assert.deepEqual([makeUp(), term.run], [true, 9]);
});
