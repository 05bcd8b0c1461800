import assert from "node:assert/strict";
import { test } from "node:test";
import { inSync, type VirtualCluster } from "../support/virtual_cluster.ts";

/** Orders something once, as `krakenctl power` does. */
function order(cluster: VirtualCluster, name: string, what: string): void {
  const { id } = cluster.machine(name);
  const reported = cluster.aggregator.control.report(id, new Map([["/power/order", what]]));
  assert.ok(reported.ok);
  cluster.set(name, { "/power/order": "DONE" });
}

const up = { physState: "POWER_ON", runState: "SYNC", phase: "converged", reason: "" };

test("a machine that is ordered to be power-cycled goes off and on once, and is as it should be again", () =>
  inSync(2, async (cluster) => {
    order(cluster, "n1", "CYCLE");
    await cluster.clock.runUntil(() => cluster.machine("n1").orders.length === 3, 300_000);
    await cluster.converge();
    await cluster.clock.advance(300_000);
    assert.deepEqual(cluster.machine("n1").orders, ["on", "off", "on"]);
    assert.deepEqual(cluster.machine("n2").orders, ["on"]);
    assert.deepEqual(cluster.shown("n1"), up);
  }));

test("a machine that is ordered to be restarted is restarted once, and its lost agent is no reason to cut its power", () =>
  inSync(1, async (cluster) => {
    order(cluster, "n1", "RESET");
    await cluster.clock.runUntil(() => cluster.machine("n1").orders.length === 2, 300_000);
    await cluster.converge();
    await cluster.clock.advance(300_000);
    assert.deepEqual(cluster.machine("n1").orders, ["on", "reset"]);
    assert.deepEqual(cluster.shown("n1"), up);
  }));

test("a second order is carried out as the first one was", () =>
  inSync(1, async (cluster) => {
    for (const count of [2, 3]) {
      order(cluster, "n1", "NMI");
      await cluster.clock.runUntil(() => cluster.machine("n1").orders.length === count, 300_000);
      await cluster.converge();
    }
    assert.deepEqual(cluster.machine("n1").orders, ["on", "nmi", "nmi"]);
  }));

test("orders keep to limits: four machines are power-cycled one at a time where one may be off at once", () =>
  inSync(4, async (cluster) => {
    cluster.rule({ "/limits/one": { mutations: ["simpower/power-off"], atMost: 1 } });
    for (const { name } of cluster.machines) order(cluster, name, "CYCLE");
    let most = 0;
    const running = () =>
      cluster.machines.filter(({ id }) =>
        cluster.aggregator.control.find(id)?.engine.running.some(({ key }) => key === "simpower/power-off")
      ).length;
    await cluster.clock.runUntil(() => {
      most = Math.max(most, running());
      return cluster.machines.every(({ orders }) => orders.length === 3);
    }, 600_000);
    assert.equal(most, 1);
  }));

test("a frozen node keeps its order until it is thawed", () =>
  inSync(1, async (cluster) => {
    const { id } = cluster.machine("n1");
    cluster.aggregator.control.freeze([id]);
    order(cluster, "n1", "RESET");
    await cluster.clock.advance(60_000);
    assert.deepEqual(cluster.machine("n1").orders, ["on"]);
    cluster.aggregator.control.thaw([id]);
    await cluster.clock.runUntil(() => cluster.machine("n1").orders.length === 2, 60_000);
  }));

test("a machine that was switched off while its order waited is left off", () =>
  inSync(1, async (cluster) => {
    const { id } = cluster.machine("n1");
    cluster.aggregator.control.freeze([id]);
    order(cluster, "n1", "RESET");
    cluster.set("n1", { "/physState": "POWER_OFF" });
    cluster.aggregator.control.thaw([id]);
    await cluster.clock.runUntil(() => cluster.machine("n1").orders.length === 2, 300_000);
    await cluster.clock.advance(300_000);
    assert.deepEqual(cluster.machine("n1").orders, ["on", "off"]);
  }));
