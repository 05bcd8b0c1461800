import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

const SYNC = { "/runState": "SYNC" } as const;

/** A node of a machine that no controller switches, and a machine that runs or does not. */
async function make(platform: "none" | "manual", power: "on" | "off"): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", { "/platform": platform, ...SYNC });
  cluster.machine("n1").power = power;
  if (power === "on") cluster.startAgent("n1");
  return cluster;
}
function explained(cluster: VirtualCluster): string {
  return JSON.stringify(cluster.aggregator.control.explain(cluster.machine("n1").id));
}
function events(cluster: VirtualCluster): string {
  return cluster.aggregator.control.events(0, 10_000).map(({ kind, why }) => `${kind} ${why}`).join("\n");
}
function report(cluster: VirtualCluster, power: "ON" | "OFF" | null): void {
  const done = cluster.aggregator.control.report(cluster.machine("n1").id, new Map([["/manual/power", power]]));
  assert.deepEqual(done, { ok: true });
}

test("a machine without power control is on once its agent is heard, and reaches SYNC", async () => {
  const cluster = await make("none", "on");
  await cluster.converge();
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  assert.deepEqual(cluster.machine("n1").orders, []);
  await cluster.stop();
});

test("a machine without power control that is silent is waited for, however long, and taken in when it comes", async () => {
  const cluster = await make("none", "off");
  await cluster.clock.advance(3_600_000);
  assert.deepEqual([cluster.shown("n1").physState, cluster.shown("n1").phase], ["PHYS_UNKNOWN", "working"]);
  assert.match(explained(cluster), /has not been heard, and nothing here controls its power: switch it on yourself/);
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1");
  await cluster.converge(60_000);
  assert.deepEqual(cluster.machine("n1").orders, []);
  await cluster.stop();
});

test("a machine without power control that falls silent is unknown after its grace, and never power-cycled", async () => {
  const cluster = await make("none", "on");
  await cluster.converge();
  cluster.pullPlug("n1");
  await cluster.clock.runUntil(() => cluster.shown("n1").physState === "PHYS_UNKNOWN", 600_000);
  assert.match(events(cluster), /it is not heard, and nothing controls its power/);
  assert.equal(cluster.shown("n1").runState, "UNKNOWN");
  await cluster.clock.advance(3_600_000);
  assert.deepEqual(cluster.machine("n1").orders, []);
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1");
  await cluster.converge(60_000);
  await cluster.stop();
});

test("a machine without power control can't be asked to be off, and it is said why", async () => {
  const cluster = await make("none", "on");
  await cluster.converge();
  cluster.set("n1", { "/runState": null, "/physState": "POWER_OFF" });
  await cluster.clock.advance(60_000);
  assert.equal(cluster.shown("n1").phase, "blocked");
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  await cluster.stop();
});

test("a person is asked to switch a machine on, and their report is the answer", async () => {
  const cluster = await make("manual", "off");
  await cluster.clock.advance(1_000);
  assert.match(events(cluster), /A person is asked: say whether 'n1' is on/);
  report(cluster, "OFF");
  await cluster.clock.advance(1_000);
  const asked = /switch 'n1' on, then: krakenctl set n1 \/manual\/power=ON/;
  assert.match(events(cluster), asked);
  assert.match(explained(cluster), asked);
  assert.equal(cluster.shown("n1").phase, "working");
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1");
  report(cluster, "ON");
  await cluster.converge(60_000);
  assert.deepEqual(cluster.machine("n1").orders, []);
  await cluster.stop();
});

test("an agent that is heard proves that a machine is on which a person has said nothing of", async () => {
  const cluster = await make("manual", "on");
  await cluster.converge();
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  await cluster.stop();
});

test("a lost machine that a person switches is repaired by them: off, and on again", async () => {
  const cluster = await make("manual", "on");
  await cluster.converge();
  cluster.pullPlug("n1");
  await cluster.clock.runUntil(() => /switch 'n1' off/.test(events(cluster)), 3_600_000);
  report(cluster, "OFF");
  await cluster.clock.advance(1_000);
  assert.match(events(cluster), /switch 'n1' on/);
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1");
  report(cluster, "ON");
  await cluster.converge(60_000);
  assert.deepEqual(cluster.machine("n1").orders, []);
  await cluster.stop();
});

test("a report of off while the agent is heard waits for its silence, and means nothing after ten minutes", async () => {
  const cluster = await make("manual", "on");
  await cluster.converge();
  report(cluster, "OFF"); // of the wrong node
  await cluster.clock.advance(601_000);
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  cluster.killAgent("n1");
  await cluster.clock.advance(30_000);
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  cluster.startAgent("n1");
  await cluster.converge(60_000);
  report(cluster, "OFF"); // a moment before the agent is silent
  cluster.pullPlug("n1");
  await cluster.clock.runUntil(() => cluster.shown("n1").physState === "POWER_OFF", 30_000);
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1"); // and nobody says so
  await cluster.converge(60_000);
  await cluster.stop();
});

test("a report of a node of another platform is forgotten", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", { "/runState": "SYNC", "/physState": "POWER_ON" });
  await cluster.converge();
  report(cluster, "OFF");
  await cluster.clock.advance(1_000);
  cluster.set("n1", { "/platform": "manual" });
  await cluster.clock.advance(60_000);
  assert.deepEqual([cluster.shown("n1").physState, cluster.shown("n1").phase], ["POWER_ON", "converged"]);
  await cluster.stop();
});
