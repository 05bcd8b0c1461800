import assert from "node:assert/strict";
import { test } from "node:test";
import { createElsewhere } from "../../aggregator/handover/elsewhere.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { idOf } from "./small_tree.ts";
import { ofRun } from "../support/versions.ts";

const log = createLog(() => {});

function assigned(number: number): ReadonlyMap<string, { number: number; parent: string }> {
  return new Map([["/assignment", { number, parent: idOf("a") }]]);
}

test("a node is elsewhere from its word of a later assignment until the cfg here says as much, over restarts too", () => {
  const store = openMemoryStore();
  const replica = createReplica();
  const make = () => createElsewhere({ replica, store, facts: store.load().facts, log });
  replica.write("n", "cfg", assigned(2), ofRun(1));
  const first = make();
  assert.equal(first.heard("n", 2), true);
  assert.equal(first.has("n"), false, "that is known here");
  assert.equal(first.heard("n", 3), true);
  assert.deepEqual([first.has("n"), make().has("n"), first.has("m")], [true, true, false]);
  replica.write("n", "cfg", assigned(3), ofRun(1));
  assert.deepEqual([first.has("n"), make().has("n")], [false, false]);
  assert.equal(first.heard("m", 2), true);
  assert.doesNotMatch(String(store.load().facts.get("elsewhere")), /"n"/, "what is known by cfg is not kept");
});

test("what is known, or older than what is known, is not written again", () => {
  const store = openMemoryStore();
  let commits = 0;
  const { commit } = store;
  store.commit = (batch) => {
    commits++;
    commit(batch);
  };
  const replica = createReplica();
  replica.write("n", "cfg", assigned(2), ofRun(1));
  const elsewhere = createElsewhere({ replica, store, facts: new Map(), log });
  for (const number of [1, 2, 4, 4, 3]) assert.equal(elsewhere.heard("n", number), true);
  assert.equal(commits, 1);
  replica.write("n", "cfg", assigned(3), ofRun(1));
  assert.equal(elsewhere.has("n"), true, "4 is what it said");
  assert.equal(elsewhere.heard("n", 5), true);
  assert.equal(commits, 2);
});

test("facts that make no sense say nothing", () => {
  for (const text of ["{}", "[7]", '[["n"]]', "[[7, 9]]", '[["n", "9"]]', "null"]) {
    const facts = new Map([["elsewhere", text]]);
    const elsewhere = createElsewhere({ replica: createReplica(), store: openMemoryStore(), facts, log });
    assert.equal(elsewhere.has("n"), false, text);
  }
});

test("an assignment that is far above what is known here is not believed", () => {
  const store = openMemoryStore();
  const replica = createReplica();
  replica.write("n", "cfg", assigned(2), ofRun(1));
  const elsewhere = createElsewhere({ replica, store, facts: new Map(), log });
  assert.equal(elsewhere.heard("n", 103), false);
  assert.deepEqual([elsewhere.has("n"), store.load().facts.get("elsewhere")], [false, undefined]);
  assert.equal(elsewhere.heard("n", 102), true);
  assert.equal(elsewhere.has("n"), true);
});

test("what can't be written is not answered", () => {
  const store = openMemoryStore();
  const failing = {
    ...store,
    commit() {
      throw new Error("No space left");
    },
  };
  const elsewhere = createElsewhere({ replica: createReplica(), store: failing, facts: new Map(), log });
  assert.equal(elsewhere.heard("n", 2), false);
  assert.equal(elsewhere.has("n"), false);
});
