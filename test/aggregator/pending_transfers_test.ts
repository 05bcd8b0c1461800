import assert from "node:assert/strict";
import { test } from "node:test";
import { createPendingTransfers, MOVING } from "../../aggregator/links/pending_transfers.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { quiet } from "./small_tree.ts";

test("a pending transfer outlives the run that began it", () => {
  const store = openMemoryStore();
  const open = () => createPendingTransfers({ store, facts: store.load().facts, log: quiet });
  const first = open();
  first.set("a", true);
  first.set("b", true);
  first.set("b", false);
  assert.equal(first.fromBefore("a"), false);
  assert.equal(open().fromBefore("a"), true);
  assert.equal(open().fromBefore("b"), false);
});

test("what is pending is written when it changes, and only then", () => {
  const store = openMemoryStore();
  let commits = 0;
  const { commit } = store;
  store.commit = (batch) => {
    commits++;
    commit(batch);
  };
  const transfers = createPendingTransfers({ store, facts: store.load().facts, log: quiet });
  for (const isPending of [false, true, true, false, false]) transfers.set("a", isPending);
  assert.equal(commits, 2);
});

test("after an end in the midst of a move transfers to every child are pending", () => {
  const store = openMemoryStore();
  store.commit({ facts: new Map([[MOVING, true]]) });
  assert.equal(createPendingTransfers({ store, facts: store.load().facts, log: quiet }).fromBefore("a"), true);
});
