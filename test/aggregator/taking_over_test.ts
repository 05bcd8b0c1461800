import assert from "node:assert/strict";
import { test } from "node:test";
import { createTakingOver } from "../../aggregator/handover/taking_over.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { takeWriterTerm } from "../../aggregator/store/writer_term.ts";
import { assigned, createSmallTree, createTestChanges, idOf, listen, quiet } from "./small_tree.ts";
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
  const takingOver = createTakingOver({
    ...{ term, replica: tree.replica, nodes: tree.nodes, changes, log: quiet },
    discovered: { parent: (_id, values) => void done.push(`write ${[...values.keys()]} ${[...values.values()]}`) },
    adopting: { begin: () => void done.push("begin") },
    runStates: { adopt: () => void done.push("adopt") },
    tellFreeze: () => void done.push("freeze"),
  });
  listen(changes, ["JoinAwaited"], () => void done.push("awaited"));
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
  return { ...tree, changes, takingOver, makeUp, done, world, term, termOf, stored };
}
const ALL = ["write /approval ", "freeze", "begin", "adopt", "awaited"];

test("what an earlier aggregator knew of a node stays true, and is this one's to say", () => {
  const { takingOver, done, termOf } = make();
  takingOver.takeOver(ID);
  assert.deepEqual([termOf("/physState"), done], [makeTerm(2, 1), ALL]);
});

test("a node that is reached through somebody else is not taken over", () => {
  const { takingOver, done, set, termOf } = make();
  set("n", { "/parent": "b" });
  takingOver.takeOver(ID);
  assert.deepEqual([done, termOf("/physState")], [[], makeTerm(1, 1)]);
});

test("an aggregator is taken over, and not waited for as a node is", () => {
  const { takingOver, done } = make();
  takingOver.takeOver(idOf("a"));
  assert.deepEqual(done, ["write /approval ", "freeze"]);
});

test("a run above the one that wrote last is on disk first", () => {
  const { takingOver, replica, stored, termOf } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  takingOver.takeOver(ID);
  assert.deepEqual([stored(), termOf("/runState")], [8, makeTerm(2, 8)]);
});

test("a node that has a writer of a later assignment is left as it is", () => {
  const { takingOver, replica, done } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(3, 1));
  takingOver.takeOver(ID);
  assert.deepEqual(done, []);
});

test("what can't be done while the disk is full is made up for once", () => {
  const { takingOver, makeUp, replica, done, world, term } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  assert.equal(makeUp(), false);
  world.isFull = true;
  takingOver.takeOver(ID);
  takingOver.raise(20);
  takingOver.raise(15);
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
  const { takingOver, makeUp, replica, world, done } = make();
  replica.write(ID, "parent", new Map([["/runState", "SYNC"]]), makeTerm(2, 7));
  world.isFull = true;
  takingOver.takeOver(ID);
  world.isFull = false;
  assert.deepEqual([makeUp(), done], [true, ALL]);
});

test("a run that is counted on to is made up for without a node, too", () => {
  const { takingOver, makeUp, world, term } = make();
  takingOver.raise(5);
  assert.equal(term.run, 5);
  world.isFull = true;
  takingOver.raise(9);
  world.isFull = false;
  assert.deepEqual([makeUp(), term.run], [true, 9]);
});
