import assert from "node:assert/strict";
import { test } from "node:test";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { createTroubles } from "../../aggregator/status/troubles.ts";
import { comparePast, describeLost, openMemoryStore, type Stored } from "../../aggregator/store/mod.ts";
import { createLog } from "../../src/log.ts";
import { emptyDocument } from "../../src/state/mod.ts";
import { createVirtualCluster } from "../support/virtual_cluster.ts";

const nothing: Stored = { ...openMemoryStore().load() };
const marker = { cluster: "c", name: "root", run: 7, started: "2030-01-01T00:00:00.000Z" };
const root = { file: "/d/state.db", isRoot: true };
const stored = (term: number, documents = 1): Stored => ({
  ...nothing,
  facts: new Map([["run", term]]),
  documents: Array.from({ length: documents }, (_, index) => emptyDocument(`id-${index}`)),
});

test("comparePast() finds nothing wrong without a marker, and with a store that is as new as its marker", () => {
  assert.deepEqual(comparePast(undefined, nothing, root), { kind: "whole" });
  assert.deepEqual(comparePast(marker, stored(7), root), { kind: "whole" });
  assert.deepEqual(comparePast(marker, stored(8), root), { kind: "whole" });
});

test("comparePast() tells a store that is empty beside a marker, for as long as no node is made", () => {
  assert.deepEqual(comparePast(marker, nothing, root), { kind: "lost", since: marker.started });
  const later = { ...marker, run: 1, lost: "2029-01-01T00:00:00.000Z" };
  assert.deepEqual(comparePast(later, stored(1), root), { kind: "lost", since: later.lost });
  assert.deepEqual(comparePast(later, stored(1, 2), root), { kind: "whole" });
});

test("comparePast() tells a store that is older than its marker, and what helps at the root and below it", () => {
  const older = comparePast(marker, stored(6), root);
  assert.match(older.kind === "older" ? older.problem : "", /run 6 of 7, 2030.*start once with --restored$/);
  const below = comparePast(marker, stored(6), { ...root, isRoot: false });
  assert.match(below.kind === "older" ? below.problem : "", /start it with an empty one$/);
});

test("troubles name a lost store until there are nodes", () => {
  let hasNodes = false;
  const lost = describeLost("/d/state.db", marker.started);
  const troubles = createTroubles({
    ...{ store: { problem: undefined }, broker: { problem: undefined }, uplink: { problem: undefined }, lost },
    hasNodes: () => hasNodes,
    onLost: () => assert.fail("it is known already"),
  });
  troubles.heardUnknown("a");
  assert.equal(troubles.list().length, 2);
  assert.match(troubles.list()[0] ?? "", /start once with --restored/);
  hasNodes = true;
  assert.deepEqual(troubles.list(), []);
});

test("an empty root learns from agents that it has welcomed before that its store was lost", async () => {
  const cluster = await createVirtualCluster(3);
  try {
    cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC" });
    await cluster.converge();
    await cluster.restartBroker(100);
    await cluster.clock.advance(60_000);
    const aggregator = createAggregator({
      ...{ cluster: "virtual", name: "root", run: "another", store: openMemoryStore(), modules: [], agentModules: [] },
      ...{ grace: 1_000, clock: cluster.clock, random: Math.random, log: createLog(() => {}), send() {} },
    });
    const firstBirths = cluster.traffic.filter(({ frame }) => frame.type === "birth" && frame.term.run === 0);
    const rebirths = cluster.traffic.filter(({ frame }) => frame.type === "birth" && frame.term.run > 0);
    assert.ok(firstBirths.length > 0 && rebirths.length >= 3);
    try {
      for (const { child, frame } of firstBirths) aggregator.receive(child, frame);
      assert.deepEqual(aggregator.control.troubles(), [], "an agent that was never welcomed proves nothing");
      for (const { child, frame } of rebirths) aggregator.receive(child, frame);
      const [trouble, ...others] = aggregator.control.troubles();
      assert.match(trouble ?? "", /^No node is known here, but agents of 3 nodes say .*start once with --restored/);
      assert.deepEqual(others, []);
      const told = aggregator.control.events(0, 10).filter(({ kind }) => kind === "store");
      assert.equal(told.length, 1);
      const made = aggregator.control.apply([{ name: "n1", cfg: new Map() }], {});
      assert.equal(made.ok, true);
      assert.deepEqual(aggregator.control.troubles(), []);
    } finally {
      await aggregator.stop();
    }
  } finally {
    await cluster.stop();
  }
});
