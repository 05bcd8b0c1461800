import assert from "node:assert/strict";
import { test } from "node:test";
import { createClaims } from "../../aggregator/ownership/claims.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { idOf } from "../aggregator/small_tree.ts";
import { ofRun } from "../support/versions.ts";

const log = createLog(() => {});

function assigned(number: number): ReadonlyMap<string, { number: number; parent: string }> {
  return new Map([["/assignment", { number, parent: idOf("a") }]]);
}

test("a later assignment that a node tells of is claimed until the cfg here says as much, over restarts too", () => {
  const store = openMemoryStore();
  const replica = createReplica();
  const make = () => createClaims({ replica, store, facts: store.load().facts, log });
  replica.write("n", "cfg", assigned(2), ofRun(1));
  const first = make();
  assert.equal(first.heard("n", 2), true);
  assert.equal(first.of("n"), 0, "that is known here");
  assert.equal(first.heard("n", 3), true);
  assert.deepEqual([first.of("n"), make().of("n"), first.of("m")], [3, 3, 0]);
  replica.write("n", "cfg", assigned(3), ofRun(1));
  assert.deepEqual([first.of("n"), make().of("n")], [0, 0]);
  assert.equal(first.heard("m", 2), true);
  assert.doesNotMatch(String(store.load().facts.get("claimedElsewhere")), /"n"/, "what is known by cfg is not kept");
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
  const claims = createClaims({ replica, store, facts: new Map(), log });
  for (const number of [1, 2, 4, 4, 3]) assert.equal(claims.heard("n", number), true);
  assert.equal(commits, 1);
  replica.write("n", "cfg", assigned(3), ofRun(1));
  assert.equal(claims.of("n"), 4);
  assert.equal(claims.heard("n", 5), true);
  assert.equal(commits, 2);
});

test("facts that make no sense say nothing", () => {
  for (const text of ["{}", "[7]", '[["n"]]', "[[7, 9]]", '[["n", "9"]]', "null"]) {
    const facts = new Map([["claimedElsewhere", text]]);
    const claims = createClaims({ replica: createReplica(), store: openMemoryStore(), facts, log });
    assert.equal(claims.of("n"), 0, text);
  }
});

test("what can't be written is not answered", () => {
  const store = openMemoryStore();
  const failing = {
    ...store,
    commit() {
      throw new Error("No space left");
    },
  };
  const claims = createClaims({ replica: createReplica(), store: failing, facts: new Map(), log });
  assert.equal(claims.heard("n", 2), false);
  assert.equal(claims.of("n"), 0);
});
