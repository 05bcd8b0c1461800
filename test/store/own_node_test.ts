import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { claimStore, makeOwnNode } from "../../aggregator/store/own_node.ts";
import { createReplica } from "../../src/sync/mod.ts";
import { at, ofRun } from "../support/versions.ts";

test("claimStore() makes a new store one aggregator's, and refuses every other one later", () => {
  const store = openMemoryStore();
  claimStore(store, store.load(), { cluster: "demo", name: "root" });
  claimStore(store, store.load(), { cluster: "demo", name: "root" });
  assert.throws(
    () => claimStore(store, store.load(), { cluster: "demo", name: "rack1" }),
    /^Error: The store belongs to name 'root': expected 'rack1'$/,
  );
  assert.throws(
    () => claimStore(store, store.load(), { cluster: "other", name: "root" }),
    /^Error: The store belongs to cluster 'demo': expected 'other'$/,
  );
  assert.deepEqual(store.load().facts, new Map([["cluster", "demo"], ["name", "root"]]));
});

test("makeOwnNode() makes the root's node once, on disk, and leaves one alone that is there", () => {
  const store = openMemoryStore();
  const replica = createReplica();
  makeOwnNode(store, replica, "id", "root", 4);
  const cfg = new Map([
    ["/name", { value: "root", version: at(4, 1) }],
    ["/role", { value: "AGGREGATOR", version: at(4, 1) }],
  ]);
  assert.deepEqual(new Map(replica.get("id")?.facets.cfg), cfg);
  assert.deepEqual(new Map(store.load().documents[0]?.facets.cfg), cfg);
  makeOwnNode(store, replica, "id", "renamed", 5);
  assert.deepEqual(new Map(replica.get("id")?.facets.cfg), cfg);
  const other = createReplica();
  other.write("id", "cfg", new Map([["/role", "NODE"]]), ofRun(3));
  makeOwnNode(store, other, "id", "root", 5);
  assert.equal(other.get("id")?.facets.cfg.get("/role")?.value, "AGGREGATOR");
});
