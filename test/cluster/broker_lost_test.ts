import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster, inSync, type VirtualCluster } from "../support/virtual_cluster.ts";

const orders = (cluster: VirtualCluster) => cluster.machines.map((machine) => machine.orders.join(" "));
const kinds = (cluster: VirtualCluster) => cluster.aggregator.control.events(0, 1000).map(({ kind }) => kind);

test("an hour without the broker powers no machine and puts no node into ERROR", () =>
  inSync(3, async (cluster) => {
    const lost = cluster.restartBroker(3_600_000);
    await cluster.clock.advance(3_500_000);
    const whys = cluster.aggregator.control.events(0, 1000).map(({ why }) => why);
    assert.deepEqual(whys.filter((why) => /nothing was heard|ERROR|PHYS_HANG/.test(why)), []);
    await lost;
    assert.deepEqual(orders(cluster), ["on", "on", "on"]);
    await cluster.clock.advance(300_000);
    assert.deepEqual(cluster.machines.map(({ name }) => cluster.shown(name)), [
      { physState: "POWER_ON", runState: "SYNC", phase: "converged", reason: "" },
      { physState: "POWER_ON", runState: "SYNC", phase: "converged", reason: "" },
      { physState: "POWER_ON", runState: "SYNC", phase: "converged", reason: "" },
    ]);
    assert.deepEqual(orders(cluster), ["on", "on", "on"]);
  }));

test("a machine that boots while the broker is lost is not taken for hung, and joins when it is back", async () => {
  const cluster = await createVirtualCluster(1);
  try {
    cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC" });
    await cluster.clock.advance(1_500);
    await cluster.restartBroker(1_800_000);
    assert.deepEqual(orders(cluster), ["on"]);
    await cluster.converge();
    assert.deepEqual(orders(cluster), ["on"]);
  } finally {
    await cluster.stop();
  }
});

test("a machine that died while the broker was lost is seen and repaired once the broker is back", () =>
  inSync(2, async (cluster) => {
    cluster.machine("n1").bmc = "deaf"; // so that nothing but its silence tells
    const lost = cluster.restartBroker(600_000);
    cluster.killAgent("n1");
    await lost;
    await cluster.clock.runUntil(() => cluster.shown("n1").runState === "ERROR", 300_000);
    assert.equal(cluster.shown("n2").phase, "converged");
  }));

test("while the broker is lost nodes are stale, the aggregator says what is wrong, and an event says when", () =>
  inSync(2, async (cluster) => {
    const { control } = cluster.aggregator;
    assert.deepEqual(control.troubles(), []);
    const before = control.revision();
    const lost = cluster.restartBroker(200_000);
    await cluster.clock.advance(1_000);
    const [trouble, ...others] = control.troubles();
    assert.match(
      trouble ?? "",
      /^The broker mqtt:\/\/127\.0\.0\.1:2 is not reached since .*: connection refused\. Start it/,
    );
    assert.deepEqual(others, []);
    const node = control.find("n1");
    assert.equal(node?.stale?.aggregator, "root");
    assert.match(node?.stale?.why ?? "", /its broker cannot be reached: .*connection refused/);
    assert.equal(node?.phase, "waiting");
    assert.equal(node?.runState, "SYNC");
    assert.notEqual(control.revision(), before);
    const [root] = control.tree();
    assert.equal(root?.health, "DEGRADED");
    assert.deepEqual(root?.counts, { ...root?.counts, nodes: 2, converged: 0, sync: 0, stale: 2 });
    assert.match(root?.brokerLost?.why ?? "", /connection refused/);
    assert.deepEqual(cluster.aggregator.counts.broker, { isLost: true, losses: 1 });
    assert.equal(kinds(cluster).filter((kind) => kind === "broker").length, 1);
    await lost;
    await cluster.clock.advance(60_000);
    assert.deepEqual(control.troubles(), []);
    assert.equal(control.find("n1")?.stale, undefined);
    assert.equal(control.tree()[0]?.health, "FULL");
    assert.equal(kinds(cluster).filter((kind) => kind === "broker").length, 2);
  }));

test("power goes on being switched while the broker is lost, as that takes no agent", async () => {
  const cluster = await createVirtualCluster(1);
  try {
    cluster.machine("n1").hangs = true;
    cluster.set("n1", { "/physState": "POWER_ON" });
    await cluster.converge();
    const lost = cluster.restartBroker(600_000);
    cluster.set("n1", { "/physState": "POWER_OFF" });
    await lost;
    assert.deepEqual(orders(cluster), ["on off"]);
    assert.equal(cluster.shown("n1").physState, "POWER_OFF");
  } finally {
    await cluster.stop();
  }
});
