import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster } from "../support/virtual_cluster.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

test("an aggregator whose disk is full promises nothing, disturbs nobody, goes on, and makes up for it when there is room", async () => {
  const cluster = await createVirtualCluster(3);
  cluster.setAll(SYNC);
  await cluster.converge();
  await cluster.clock.advance(10_000);
  const { control } = cluster.aggregator;
  const { id } = cluster.machine("n1");
  const lost = cluster.machine("n3");
  const before = control.find("n1")?.version;

  cluster.set("n2", { "/physState": "POWER_OFF" }); // and there is no room any more when it is to be done
  cluster.diskFull = true;
  await cluster.clock.advance(5_000);
  const written = control.patchCfg([{ id, values: new Map([["/physState", "POWER_OFF"]]) }], {});
  assert.ok(!written.ok && written.kind === "unavailable");
  assert.match(written.problems.join(), /Nothing was changed.*its disk is full: free some space/);
  assert.deepEqual(control.find("n1")?.version, before);
  for (
    const done of [
      control.report(id, new Map([["/busy", "BUSY"]])),
      control.freeze(),
      control.retry([id]),
      control.release(),
      control.remove([id]),
    ]
  ) {
    assert.ok(!done.ok && done.kind === "unavailable");
    assert.match(done.problems.join(), /its disk is full: free some space/);
  }
  assert.match(control.troubles().join(), /its disk is full/);
  assert.equal(cluster.aggregator.counts.store.isFailing, true);
  assert.equal(control.tree()[0]?.health, "DEGRADED");
  assert.match(control.find("n2")?.reason ?? "", /waits for the aggregator's disk/);

  // What is discovered is still seen, and where nobody is disturbed something is done: a machine without power gets it back.
  cluster.load("n1", 42);
  cluster.pullPlug(lost.name);
  await cluster.clock.runUntil(
    () => control.find(lost.name)?.physState === "POWER_ON" && lost.orders.length === 2,
    60_000,
  );
  assert.equal(control.find("n1")?.dsc.get("/host/load"), 42);
  assert.deepEqual(lost.orders, ["on", "on"]);
  assert.deepEqual(cluster.machine("n2").orders, ["on"]);

  cluster.diskFull = false;
  await cluster.clock.advance(15_000);
  assert.deepEqual(control.troubles(), []);
  await cluster.clock.runUntil(() => control.find("n2")?.physState === "POWER_OFF", 60_000);
  assert.deepEqual(cluster.machine("n2").orders, ["on", "off"]);
  await cluster.converge();
  assert.deepEqual(lost.orders, ["on", "on"]);
  assert.ok(control.report(id, new Map([["/busy", "FREE"]])).ok);
  const stored = cluster.store.load().documents.find((document) => document.id === id);
  assert.equal(stored?.facets.parent.get("/busy")?.value, "FREE");
  assert.equal(stored?.facets.self.get("/host/load")?.value, 42);
  const told = control.events(0, 10_000).filter(({ kind }) => kind === "store").map(({ why }) => why);
  assert.equal(told.length, 2);
  assert.match(told[1] ?? "", /takes writes again/);
  await cluster.clock.advance(1_000);
  assert.notEqual(control.tree()[0]?.health, "DEGRADED");
  await cluster.stop();
});

test("agents that come back to an aggregator whose disk is full are taken in, as far as they have a term already", async () => {
  const cluster = await createVirtualCluster(3);
  cluster.setAll(SYNC);
  await cluster.converge();
  await cluster.clock.advance(10_000);
  cluster.diskFull = true;
  await cluster.restartBroker(1_000);
  cluster.killAgent("n3");
  cluster.startAgent("n3"); // a new run, whose term can't be written
  await cluster.clock.advance(1_500);
  assert.equal(cluster.shown("n1").runState, "SYNC");
  cluster.diskFull = false;
  await cluster.converge();
  assert.equal(cluster.shown("n3").runState, "SYNC");
  await cluster.stop();
});
