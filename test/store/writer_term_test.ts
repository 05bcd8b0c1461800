import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { takeWriterTerm } from "../../aggregator/store/writer_term.ts";
import { MAX_INTEGER, type Value } from "../../src/state/mod.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { makeTerm, ofRun } from "../support/versions.ts";

const PARENT = "00000000-0000-4000-8000-000000000001";

/** An aggregator that has run `before` times, and a node `n` under assignment 5. */
function make(before = 2) {
  const store = openMemoryStore();
  store.commit({ facts: new Map([["run", before]]) });
  const replica = createReplica();
  const assign = (number: number) =>
    replica.write("n", "cfg", new Map<string, Value>([["/assignment", { number, parent: PARENT }]]), ofRun(1));
  assign(5);
  const write = (assignment: number, run: number, url = "/physState") =>
    replica.write("n", "parent", new Map([[url, `${assignment}.${run}`]]), makeTerm(assignment, run));
  return { store, replica, assign, write, term: takeWriterTerm(store, store.load(), () => replica) };
}

test("each start takes the next run, on disk before it is used", () => {
  const { term, store } = make(2);
  assert.equal(term.run, 3);
  assert.equal(store.load().facts.get("run"), 3);
  const first = openMemoryStore();
  assert.equal(takeWriterTerm(first, first.load(), () => createReplica()).run, 1);
});

test("runs that are used up are refused with what to do, and a store that fails is not counted on", () => {
  assert.throws(
    () => make(MAX_INTEGER),
    /Cannot count run \d+: expected at most \d+\. Give this aggregator a new name/,
  );
  assert.equal(make(MAX_INTEGER - 1).term.run, MAX_INTEGER);
  const store = openMemoryStore();
  const failing = { ...store, commit: () => assert.fail("No room") };
  assert.throws(() => takeWriterTerm(failing, store.load(), () => createReplica()), /No room/);
});

test("advanceTo() counts on, on disk, and never back", () => {
  const { term, store } = make(2);
  term.advanceTo(3);
  term.advanceTo(1);
  assert.equal(term.run, 3);
  term.advanceTo(9);
  assert.deepEqual([term.run, store.load().facts.get("run")], [9, 9]);
});

test("of() is the present assignment with this run", () => {
  const { term, assign } = make(2);
  assert.deepEqual(term.of("n"), makeTerm(5, 3));
  assign(6);
  assert.deepEqual(term.of("n"), makeTerm(6, 3));
  assert.deepEqual(term.of("unknown"), makeTerm(1, 3), "what nobody has assigned yet is under the first assignment");
});

test("hasWritten() asks for values that are all of the present assignment", () => {
  const { term, write, assign } = make();
  assert.equal(term.hasWritten("n"), false, "nothing is there");
  assert.equal(term.hasWritten("unknown"), false);
  write(4, 9, "/runState");
  assert.equal(term.hasWritten("n"), false, "what is there is of an earlier assignment");
  write(5, 1);
  assert.equal(term.hasWritten("n"), false, "one value is of an earlier assignment");
  write(5, 2, "/runState");
  assert.equal(term.hasWritten("n"), true);
  assign(6);
  assert.equal(term.hasWritten("n"), false);
});

test("advancePastFacet() goes above what is there of the same assignment, and above nothing of a later one or of impossible runs", () => {
  const { term, write } = make(2);
  assert.equal(term.advancePastFacet("n"), true);
  assert.equal(term.run, 3);
  write(5, 3);
  assert.equal(term.advancePastFacet("n"), true);
  assert.equal(term.run, 3, "it is as new already");
  write(5, 7);
  assert.equal(term.advancePastFacet("n"), true);
  assert.equal(term.run, 8);
  write(5, 8 + 1_000);
  assert.equal(term.advancePastFacet("n"), true);
  assert.equal(term.run, 1_009);
  write(5, 1_009 + 1_001);
  assert.equal(term.advancePastFacet("n"), false);
  assert.equal(term.run, 1_009);
  const other = make(2);
  other.write(6, 0);
  assert.equal(other.term.advancePastFacet("n"), false);
  assert.equal(other.term.run, 3);
});

test("advancePast() goes above what a child was told by another run, where that can be", () => {
  const { term, write } = make(2);
  assert.equal(term.advancePast("n", makeTerm(4, 9)), false, "of an earlier assignment");
  assert.equal(term.advancePast("n", makeTerm(6, 9)), false, "of a later assignment");
  assert.equal(term.advancePast("n", makeTerm(5, 3 + 1_001)), false, "of a run that can't be");
  assert.equal(term.run, 3);
  assert.equal(term.advancePast("n", makeTerm(5, 7)), false, "nothing is here that it may have otherwise");
  assert.equal(term.run, 8, "above it all the same");
  write(5, 3);
  assert.equal(term.advancePast("n", makeTerm(5, 3)), true);
  assert.equal(term.advancePast("n", makeTerm(5, 2)), false, "what is here is newer than what it has");
  assert.equal(term.run, 8);
  assert.equal(term.advancePast("n", makeTerm(5, 8 + 1_000)), true, "the most that can be lost");
});

test("advancePast() leaves a node alone that has a successor", () => {
  const { term, write } = make(2);
  write(5, 3);
  write(6, 1, "/runState");
  assert.equal(term.advancePast("n", makeTerm(5, 4)), false);
});
