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
