import assert from "node:assert/strict";
import { test } from "node:test";
import { createOwing, MOVING } from "../../aggregator/links/owing.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { quiet } from "./small_tree.ts";

test("what a child is owed outlives the run that owes it", () => {
  const store = openMemoryStore();
  const open = () => createOwing({ store, facts: store.load().facts, log: quiet });
  const first = open();
  first.set("a", true);
  first.set("b", true);
  first.set("b", false);
  assert.equal(first.fromBefore("a"), false);
  assert.equal(open().fromBefore("a"), true);
  assert.equal(open().fromBefore("b"), false);
});

test("what is owed is written when it changes, and only then", () => {
  const store = openMemoryStore();
  let commits = 0;
  const { commit } = store;
  store.commit = (batch) => {
    commits++;
    commit(batch);
  };
  const owing = createOwing({ store, facts: store.load().facts, log: quiet });
  for (const owed of [false, true, true, false, false]) owing.set("a", owed);
  assert.equal(commits, 2);
});

test("after an end in the midst of a move every child is owed", () => {
  const store = openMemoryStore();
  store.commit({ facts: new Map([[MOVING, true]]) });
  assert.equal(createOwing({ store, facts: store.load().facts, log: quiet }).fromBefore("a"), true);
});
