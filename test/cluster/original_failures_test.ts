import assert from "node:assert/strict";
import { test } from "node:test";
import { BOOT, createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

// The failures of the original Kraken that were reproduced by running it, F1 to F9 (F10 to F22 are in original_flaws_test.ts): what happened there is in each
// test's first comment, what must happen here in its name.

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

async function synced(count: number, more: Record<string, string> = {}): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(count);
  for (const { name } of cluster.machines) cluster.set(name, { ...SYNC, ...more });
  await cluster.converge();
  return cluster;
}
function events(cluster: VirtualCluster, name: string): string[] {
  return cluster.aggregator.control.events(0, 10_000).filter(({ node }) => node === name)
    .map(({ kind, mutation, why }) => `${kind} ${mutation ?? ""} ${why}`);
}

test("F1: a killed agent is seen within seconds, and its node is brought back without a person", async () => {
  // There: after 40 s RunState ERROR, and it stayed there for ever.
  const cluster = await synced(2);
  cluster.killAgent("n1");
  const killed = cluster.clock.now();
  await cluster.clock.runUntil(() => cluster.aggregator.control.find("n1")?.link === "DOWN", 5000);
  await cluster.clock.runUntil(() => cluster.shown("n1").runState === "ERROR", 5000);
  assert.ok(cluster.clock.now() - killed < 5000);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "off", "on"]);
  assert.deepEqual(cluster.machine("n2").orders, ["on"]);
  await cluster.stop();
});

test("F1: an agent that comes back by itself within the grace time costs no power cycle", async () => {
  const cluster = await synced(1, { "/services/web/state": "RUN" });
  cluster.killAgent("n1");
  await cluster.clock.advance(500);
  cluster.startAgent("n1");
  await cluster.clock.advance(10_000);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.ok(cluster.machine("n1").services.get("web"), "the service was not started again");
  await cluster.stop();
});

test("F2: a restarted parent takes its nodes in again and touches no power", async () => {
  // There: state and keys were in memory only, healthy nodes were taken for unbooted and power-cycled.
  const cluster = await synced(5, { "/services/web/state": "RUN" });
  cluster.killAggregator();
  await cluster.clock.advance(60_000);
  await cluster.startAggregator();
  await cluster.clock.advance(120_000);
  await cluster.converge();
  for (const machine of cluster.machines) {
    assert.deepEqual(machine.orders, ["on"]);
    assert.equal(cluster.aggregator.control.find(machine.name)?.cfg.get("/services/web/state"), "RUN");
    assert.equal(cluster.shown(machine.name).runState, "SYNC");
    assert.equal(events(cluster, machine.name).filter((line) => line.includes("/runState: SYNC ->")).length, 0);
  }
  await cluster.stop();
});

test("F2: a parent that is killed in the middle of a bring-up goes on from there", async () => {
  for (const at of [50, 500, 1500, BOOT + 50, BOOT + 150, BOOT + 1000]) {
    const cluster = await createVirtualCluster(3);
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.clock.advance(at);
    cluster.killAggregator();
    await cluster.clock.advance(20_000);
    await cluster.startAggregator();
    await cluster.converge();
    for (const machine of cluster.machines) assert.deepEqual(machine.orders, ["on"], `killed after ${at} ms`);
    await cluster.stop();
  }
});

test("F3: a child that loses its parent for a minute joins again by itself, and nothing is rebooted", async () => {
  // There: a child that missed its parent for 50 s never joined again.
  const cluster = await synced(2);
  cluster.killAggregator();
  await cluster.clock.advance(60_000);
  assert.ok(cluster.machine("n1").agent !== undefined);
  await cluster.startAggregator();
  await cluster.converge();
  await cluster.clock.advance(60_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.equal(cluster.aggregator.control.find("n1")?.link, "UP");
  await cluster.stop();
});

test("F4: a goal that is refined while a mutation runs leaves no timer behind: nothing is power-cycled later", async () => {
  // There: the first mutation's timer fired after it had succeeded, and the healthy node was power-cycled.
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", { "/physState": "POWER_ON" });
  await cluster.clock.runUntil(() => cluster.machine("n1").orders.length > 0, 5000);
  cluster.set("n1", SYNC);
  await cluster.converge();
  await cluster.clock.advance(300_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.equal(events(cluster, "n1").filter((line) => line.includes("PHYS_HANG")).length, 0);
  await cluster.stop();
});

test("F5: unrelated changes during a mutation do not run it again", async () => {
  // There: power-off was sent twice within 4 ms.
  const cluster = await synced(1, { "/services/web/state": "RUN" });
  cluster.set("n1", { "/physState": "POWER_OFF" });
  for (let change = 0; change < 20; change++) {
    cluster.set("n1", { "/services/web/state": change % 2 === 0 ? "STOP" : "RUN" });
    await cluster.clock.advance(7);
  }
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "off"]);
  await cluster.stop();
});

test("F6: a node that can't boot is tried a bounded number of times, then held with the reason on it", async () => {
  // There: it was power-cycled for ever.
  const cluster = await createVirtualCluster(2);
  cluster.machine("n1").hangs = true;
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.clock.runUntil(() => cluster.shown("n1").phase === "stuck", 3_600_000);
  const ordered = cluster.machine("n1").orders.length;
  await cluster.clock.advance(2 * 3_600_000);
  assert.equal(cluster.machine("n1").orders.length, ordered, "it was power-cycled after it was held");
  const boots = events(cluster, "n1").filter((line) => line.includes("simpower/boot") && line.startsWith("failed"));
  assert.equal(boots.length, 5);
  assert.ok(ordered <= 12, `its BMC was asked ${ordered} times`);
  assert.match(cluster.shown("n1").reason, /Gave up on simpower\/boot after 5 attempts: Timed out after 60 s/);
  assert.equal(cluster.shown("n2").phase, "converged");

  // It stays held across a restart, and a person can have it tried again.
  cluster.killAggregator();
  await cluster.startAggregator();
  await cluster.clock.advance(600_000);
  assert.equal(cluster.machine("n1").orders.length, ordered, "it was power-cycled after a restart");
  assert.equal(cluster.shown("n1").phase, "stuck");
  cluster.machine("n1").hangs = false;
  cluster.aggregator.control.retry([cluster.machine("n1").id]);
  await cluster.converge();
  await cluster.stop();
});

test("F7: the failure of the first mutation is seen and recovered from like any other", async () => {
  // There: the fail-to value was written in place, nobody saw a change, and the node stuck.
  const cluster = await createVirtualCluster(1);
  const machine = cluster.machine("n1");
  machine.hangs = true;
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(() => events(cluster, "n1").some((line) => line.includes("-> PHYS_HANG")), 200_000);
  machine.hangs = false;
  await cluster.converge();
  assert.equal(cluster.shown("n1").runState, "SYNC");
  await cluster.stop();
});

test("F8: what happens while everything is frozen is looked at after the thaw", async () => {
  // There: events were dropped; after the thaw nodes at goal were never repaired, or the engine deadlocked.
  const cluster = await synced(3);
  cluster.aggregator.control.freeze();
  cluster.pullPlug("n1");
  cluster.set("n2", { "/physState": "POWER_OFF" });
  await cluster.clock.advance(120_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.deepEqual(cluster.machine("n2").orders, ["on"]);
  assert.equal(cluster.shown("n1").phase, "frozen");
  cluster.aggregator.control.thaw();
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "on"]);
  assert.deepEqual(cluster.machine("n2").orders, ["on", "off"]);
  // And a node that was at its goal all the time is still repaired.
  cluster.pullPlug("n3");
  await cluster.clock.runUntil(() => cluster.shown("n3").phase !== "converged", 10_000);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n3").orders, ["on", "on"]);
  await cluster.stop();
});

test("F8: a freeze outlives a restart, reaches the agent, and one node's freeze is its own", async () => {
  const cluster = await synced(2, { "/services/web/state": "RUN" });
  cluster.aggregator.control.freeze();
  cluster.aggregator.control.freeze([cluster.machine("n2").id]);
  cluster.killAggregator();
  await cluster.startAggregator();
  cluster.set("n1", { "/services/web/state": "STOP" });
  await cluster.clock.advance(60_000);
  assert.ok(cluster.machine("n1").services.get("web"), "the agent acted while it was frozen");
  cluster.aggregator.control.thaw();
  await cluster.clock.advance(60_000);
  assert.equal(cluster.machine("n1").services.get("web"), undefined);
  assert.equal(cluster.shown("n2").phase, "frozen");
  cluster.aggregator.control.thaw([cluster.machine("n2").id]);
  await cluster.converge();
  await cluster.stop();
});

test("F9: power off of a node in SYNC is planned, lets go of its services first, and is done", async () => {
  // There: it was accepted with 200, and nothing happened.
  const cluster = await synced(1, { "/services/web/state": "RUN" });
  const { id } = cluster.machine("n1");
  const result = cluster.aggregator.control.patchCfg([{ id, values: new Map([["/physState", "POWER_OFF"]]) }], {});
  assert.ok(result.ok);
  const plan = result.changes[0]?.plan;
  assert.ok(plan?.ok);
  assert.deepEqual(plan.steps.map(({ key }) => key), ["service/drain", "simpower/power-off"]);
  assert.deepEqual(plan.suspended.map(({ url }) => url).sort(), ["/runState", "/services/web/state"]);
  await cluster.converge();
  assert.equal(cluster.machine("n1").power, "off");
  // What was suspended comes back with the power, without being asked for again.
  cluster.set("n1", { "/physState": "POWER_ON" });
  await cluster.converge();
  assert.ok(cluster.machine("n1").services.get("web"));
  await cluster.stop();
});

test("F9: power off of a busy node is refused by the plan, with the reason in the answer and on the node", async () => {
  const cluster = await synced(1);
  const { id } = cluster.machine("n1");
  assert.ok(cluster.aggregator.control.report(id, new Map([["/busy", "BUSY"]])).ok);
  const result = cluster.aggregator.control.patchCfg([{ id, values: new Map([["/physState", "POWER_OFF"]]) }], {});
  assert.ok(result.ok);
  const plan = result.changes[0]?.plan;
  assert.ok(plan !== undefined && !plan.ok && plan.reason.kind === "unreachable");
  assert.equal(plan.reason.url, "/physState");
  await cluster.clock.advance(60_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.equal(cluster.shown("n1").phase, "blocked");
  assert.match(cluster.shown("n1").reason, /\/busy is 'BUSY'/);
  assert.ok(cluster.aggregator.control.report(id, new Map([["/busy", null]])).ok);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "off"]);
  await cluster.stop();
});
