import assert from "node:assert/strict";
import { test } from "node:test";
import { BOOT, createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

function events(cluster: VirtualCluster, name: string): string[] {
  return cluster.aggregator.control.events(0, 10_000).filter(({ node }) => node === name)
    .map(({ kind, mutation, why }) => `${kind} ${mutation ?? ""} ${why}`);
}
async function booting(): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(() => cluster.machine("n1").power === "on", 10_000);
  await cluster.clock.advance(BOOT / 2);
  return cluster;
}
async function synced(more: Record<string, string> = {}): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", { ...SYNC, ...more });
  await cluster.converge();
  return cluster;
}

test("a machine that is off at discovery is powered on, booted and taken in", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", SYNC);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  await cluster.stop();
});

test("a machine that is on at discovery, with its agent, is taken in and its power is not touched", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").power = "on";
  cluster.startAgent("n1");
  cluster.set("n1", SYNC);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, []);
  await cluster.stop();
});

test("a machine that is hung at discovery is given the time of a boot, then power-cycled", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").power = "on"; // and no agent will ever speak
  cluster.set("n1", SYNC);
  await cluster.clock.advance(55_000);
  assert.deepEqual(cluster.machine("n1").orders, []);
  const listed = cluster.aggregator.control.list().find(({ name }) => name === "n1");
  assert.match(listed?.late?.why ?? "", /simpower\/boot runs: expected to take/);
  assert.equal(cluster.aggregator.control.engine().counts.late, 1);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["off", "on"]);
  await cluster.stop();
});

test("a boot that never answers is tried five times, and what is explained says so", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").hangs = true;
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(() => cluster.shown("n1").phase === "stuck", 3_600_000);
  const explained = cluster.aggregator.control.explain(cluster.machine("n1").id);
  const held = explained?.steps.find(({ step }) => step.key === "simpower/boot")?.state;
  assert.ok(held?.kind === "held" && held.attempts === 5 && !held.fleet);
  await cluster.stop();
});

test("a first step that times out is recovered from like any other", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").bmc = "deaf";
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(
    () => events(cluster, "n1").some((line) => line.includes("Timed out after 30 s")),
    60_000,
  );
  cluster.machine("n1").bmc = "works";
  await cluster.converge();
  assert.ok(cluster.machine("n1").orders.length <= 4);
  await cluster.stop();
});

test("a plug that is pulled in the middle of a boot aborts the wait, and the machine is powered on again", async () => {
  const cluster = await booting();
  cluster.pullPlug("n1");
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "on"]);
  assert.equal(events(cluster, "n1").filter((line) => line.startsWith("aborted simpower/boot")).length, 1);
  await cluster.stop();
});

test("a goal that is refined in the middle of a mutation leaves it running", async () => {
  const cluster = await booting();
  cluster.set("n1", { "/services/web/state": "RUN" });
  await cluster.converge();
  await cluster.clock.advance(300_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.deepEqual(events(cluster, "n1").filter((line) => /^aborted simpower\/(power-on|boot)/.test(line)), []);
  assert.ok(cluster.machine("n1").services.get("web"));
  await cluster.stop();
});

test("a goal that is reversed in the middle of a mutation aborts it, and goes the other way", async () => {
  const cluster = await booting();
  cluster.set("n1", { "/physState": "POWER_OFF" });
  await cluster.converge();
  await cluster.clock.advance(300_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on", "off"]);
  assert.equal(cluster.machine("n1").power, "off");
  await cluster.stop();
});

test("a goal that is deleted in the middle of a mutation leaves the machine as it is", async () => {
  const cluster = await booting();
  cluster.set("n1", { "/physState": null, "/runState": null });
  await cluster.clock.advance(300_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.equal(cluster.shown("n1").phase, "converged");
  assert.deepEqual(cluster.aggregator.control.find("n1")?.engine.running, []);
  await cluster.stop();
});

test("what changes by itself on a frozen node is repaired after the thaw", async () => {
  const cluster = await synced();
  const { id } = cluster.machine("n1");
  cluster.aggregator.control.freeze([id]);
  cluster.pullPlug("n1");
  await cluster.clock.advance(60_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  const [first] = cluster.aggregator.control.explain(id)?.steps ?? [];
  assert.deepEqual(first?.state, { kind: "frozen", by: "node", next: true });
  cluster.aggregator.control.thaw([id]);
  await cluster.converge();
  assert.deepEqual(cluster.machine("n1").orders, ["on", "on"]);
  await cluster.stop();
});

test("what a link has counted stays counted when the link is gone", async () => {
  const cluster = await synced();
  const { id } = cluster.machine("n1");
  cluster.aggregator.receive(id, { type: "ack", from: "nobody", to: "nobody", received: 1 });
  const { droppedFrames } = cluster.aggregator.counts.children;
  assert.equal(droppedFrames, 1);
  cluster.set("n1", { "/physState": "POWER_OFF" });
  await cluster.converge();
  assert.deepEqual(cluster.aggregator.counts.children.links, { down: 0, joining: 0, level: 0 });
  assert.ok(cluster.aggregator.counts.children.droppedFrames >= 1);
  await cluster.stop();
});

test("power off of a node in SYNC drains it first, and is refused with the reason while it is busy", async () => {
  const cluster = await synced({ "/services/web/state": "RUN" });
  const { id } = cluster.machine("n1");
  assert.ok(cluster.aggregator.control.report(id, new Map([["/busy", "BUSY"]])).ok);
  cluster.set("n1", { "/physState": "POWER_OFF" });
  await cluster.clock.advance(60_000);
  assert.deepEqual(cluster.machine("n1").orders, ["on"]);
  assert.match(cluster.shown("n1").reason, /power-off: \/busy is 'BUSY'/);
  assert.equal(cluster.aggregator.control.explain(id)?.noPlan?.kind, "unreachable");
  assert.ok(cluster.machine("n1").services.get("web"), "it was drained though it is busy");
  assert.ok(cluster.aggregator.control.report(id, new Map([["/busy", "FREE"]])).ok);
  await cluster.converge();
  const done = events(cluster, "n1").filter((line) => line.startsWith("done")).map((line) => line.split(" ")[1]);
  assert.deepEqual(done.slice(-2), ["service/drain", "simpower/power-off"]);
  await cluster.stop();
});

test("a module that dies in the middle of a mutation costs an attempt, and the next one succeeds", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").bmc = "throws";
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(
    () => events(cluster, "n1").some((line) => line.includes("The module has died")),
    10_000,
  );
  cluster.machine("n1").bmc = "works";
  await cluster.converge();
  assert.equal(cluster.shown("n1").runState, "SYNC");
  await cluster.stop();
});

test("a module that never answers again is not asked twice at once", async () => {
  const cluster = await createVirtualCluster(1);
  const machine = cluster.machine("n1");
  machine.bmc = "hangs";
  cluster.set("n1", { "/physState": "POWER_ON" });
  await cluster.clock.runUntil(() => machine.orders.length === 1, 10_000);
  const first = cluster.clock.now();
  machine.power = "off";
  for (let round = 0; round < 3; round++) { // wanted, not wanted, wanted again
    cluster.set("n1", { "/physState": "POWER_OFF" });
    await cluster.clock.advance(100);
    cluster.set("n1", { "/physState": "POWER_ON" });
    await cluster.clock.advance(100);
  }
  assert.deepEqual(machine.orders, ["on"]);
  assert.match(cluster.shown("n1").reason, /power-on its last run has not returned, waits at most/);
  machine.bmc = "works";
  await cluster.converge();
  assert.ok(cluster.clock.now() - first >= 30_000);
  assert.ok(events(cluster, "n1").some((line) => line.startsWith("overdue simpower/power-on")));
  await cluster.stop();
});

test("a node that is deleted while it boots leaves the lists, its machine is left alone, and its name can be used again", async () => {
  const cluster = await booting();
  const { id } = cluster.machine("n1");
  const { control } = cluster.aggregator;
  assert.deepEqual(control.remove([id]), { ok: true });
  assert.equal(control.find("n1"), undefined);
  assert.equal(control.list().some(({ name }) => name === "n1"), false);
  assert.equal(control.engine().nodes, 0);
  assert.ok(control.remove([id]).ok === false, "it is gone already");
  assert.ok(control.patchCfg([{ id, values: new Map([["/physState", "POWER_OFF"]]) }], {}).ok === false);
  await cluster.clock.advance(120_000);
  const left = events(cluster, "n1");
  assert.ok(left.some((line) => line.startsWith("aborted simpower/boot The node no longer exists")));
  assert.deepEqual(cluster.machine("n1").orders, ["on"], "its machine was touched");

  // It stays deleted over a restart, and the same name makes a new node of it.
  cluster.killAggregator();
  await cluster.startAggregator();
  await cluster.clock.advance(5_000);
  assert.equal(cluster.aggregator.control.find("n1"), undefined);
  const cfg = new Map([...Object.entries({ ...SYNC, "/platform": "sim", "/parent": "root" })]);
  const again = cluster.aggregator.control.apply([{ name: "n1", cfg }], {});
  assert.ok(again.ok && again.changes[0]?.created);
  await cluster.converge();
  assert.equal(cluster.shown("n1").runState, "SYNC");
  await cluster.stop();
});

test("an aggregator's own node can't be deleted, nor a node by setting /deleted", async () => {
  const cluster = await createVirtualCluster(1);
  const { control, id } = cluster.aggregator;
  const refused = control.remove([id]);
  assert.ok(!refused.ok && refused.kind === "invalid");
  assert.throws(() => cluster.set("n1", { "/deleted": true }), /cannot be set: delete the node instead/);
  await cluster.stop();
});

test("limits and invariants are cfg of the aggregator's own node, checked when they are written", async () => {
  const cluster = await createVirtualCluster(6);
  assert.throws(() => cluster.rule({ "/limits/power": { mutations: ["power"], atMost: 1 } }), /expected "module\/id"/);
  assert.throws(() => cluster.rule({ "/limits/power": { mutations: ["a/b"], most: 1 } }), /no such field/);
  assert.throws(() => cluster.set("n1", { "/limits/a": { mutations: ["a/b"], atMost: 1 } }), /aggregator's own node/);
  cluster.rule({ "/limits/power": { mutations: ["simpower/power-on"], nodes: "n[1-5]", by: "/rack", atMost: 1 } });
  for (const { name } of cluster.machines) {
    cluster.set(name, { ...SYNC, "/rack": Number(name.slice(1)) <= 3 ? "r1" : "r2" });
  }
  await cluster.clock.runUntil(() => cluster.machines.some(({ orders }) => orders.length > 0), 10_000);
  await cluster.clock.advance(50);
  assert.deepEqual(cluster.machines.map(({ orders }) => orders.length), [1, 0, 0, 1, 0, 1]);
  assert.equal(
    cluster.shown("n3").reason,
    "simpower/power-on waits at limit 'power' (rack r1: 1 of 1 in flight: n1; 2nd in the queue behind n2)",
  );
  assert.equal(cluster.shown("n3").phase, "waiting");
  cluster.rule({ "/limits/power": null });
  await cluster.clock.advance(20);
  assert.deepEqual(cluster.machines.map(({ orders }) => orders.length), [1, 1, 1, 1, 1, 1]);
  await cluster.converge();
  await cluster.stop();
});

test("a node that was taken out at the moment of a crash still counts", async () => {
  const cluster = await createVirtualCluster(3);
  cluster.rule({ "/invariants/up": { kind: "away", atMost: 1 } });
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.converge();
  for (const { name } of cluster.machines) cluster.set(name, { "/physState": "POWER_OFF" });
  await cluster.clock.runUntil(() => cluster.machines.some(({ power }) => power === "off"), 10_000);
  cluster.killAggregator();
  await cluster.startAggregator();
  await cluster.clock.advance(60_000);
  assert.equal(cluster.machines.filter(({ power }) => power === "off").length, 1);
  await cluster.stop();
});

test("an aggregator that was started again says of no agent that it is heard before it is", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.set("n1", SYNC);
  await cluster.converge();
  await cluster.clock.advance(5_000); // all of it is on disk
  cluster.killAggregator();
  cluster.killAgent("n1");
  await cluster.startAggregator();
  const seen = (url: string) => cluster.aggregator.control.find("n1")?.dsc.get(url);
  assert.deepEqual([seen("/runState"), seen("/link")], ["SYNC", "DOWN"]);
  await cluster.clock.runUntil(() => seen("/link") === "UP", 120_000); // its machine was power-cycled
  await cluster.stop();
});

test("a rolling power cycle of a rack keeps its invariant, over a restart of the aggregator", async () => {
  const cluster = await createVirtualCluster(6);
  cluster.rule({ "/invariants/up": { kind: "away", nodes: "n[1-6]", atMost: "34%" } });
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.converge();
  for (const { name } of cluster.machines) cluster.set(name, { "/physState": "POWER_OFF" });
  for (let second = 0; second < 30; second++) {
    await cluster.clock.advance(1000);
    const away = cluster.machines.filter(({ power }) => power === "off").length;
    assert.ok(away <= 2, `${away} are off`);
    if (second === 10) {
      cluster.killAggregator();
      await cluster.startAggregator();
    }
  }
  const off = cluster.machines.filter(({ power }) => power === "off").map(({ name }) => name);
  assert.equal(off.length, 2);
  for (const name of off) cluster.set(name, SYNC);
  await cluster.clock.runUntil(() => cluster.machines.filter(({ power }) => power === "off").length === 0, 60_000);
  await cluster.stop();
});

/** Lets a power module fail until it is given up. `between` is called twenty times while it is in backoff. */
async function failPower(between: (cluster: VirtualCluster) => Promise<void>): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").bmc = "throws";
  cluster.set("n1", SYNC);
  for (let time = 0; time < 20; time++) {
    await cluster.clock.runUntil(() => ["backoff", "stuck"].includes(cluster.shown("n1").phase), 3_600_000);
    await cluster.clock.advance(250);
    await between(cluster);
  }
  await cluster.clock.advance(3_600_000);
  return cluster;
}

test("twenty kills of the aggregator while a node is in backoff lead to no more attempts than none", async () => {
  const without = await failPower(() => Promise.resolve());
  const killed = await failPower(async (cluster) => {
    cluster.killAggregator();
    await cluster.startAggregator();
  });
  const count = (cluster: VirtualCluster) => cluster.machine("n1").orders.filter((order) => order === "on").length;
  assert.deepEqual([count(without), count(killed)], [5, 5]);
  assert.equal(killed.shown("n1").phase, "stuck");
  assert.equal(killed.shown("n1").reason, without.shown("n1").reason);
  await without.stop();
  await killed.stop();
});

test("what is held for the whole fleet stays so when the aggregator is killed, until a person lets it go", async () => {
  const cluster = await createVirtualCluster(4);
  cluster.rule({ "/engine/config": { failuresInARow: 2 } });
  for (const name of ["n1", "n2"]) {
    cluster.machine(name).bmc = "throws";
    cluster.set(name, SYNC);
  }
  await cluster.clock.runUntil(() => cluster.aggregator.control.holds().length === 1, 60_000);
  const [hold] = cluster.aggregator.control.holds();
  for (let time = 0; time < 3; time++) {
    cluster.killAggregator();
    await cluster.startAggregator();
  }
  for (const name of ["n3", "n4"]) cluster.set(name, SYNC);
  await cluster.clock.advance(600_000);
  assert.deepEqual(cluster.aggregator.control.holds(), [hold]);
  assert.deepEqual(cluster.machine("n3").orders, []);
  assert.match(cluster.shown("n3").reason, /^Held for the whole fleet/);
  for (const machine of cluster.machines) machine.bmc = "works";
  cluster.aggregator.control.release();
  cluster.aggregator.control.retry(cluster.machines.map(({ id }) => id));
  cluster.killAggregator();
  await cluster.startAggregator();
  await cluster.converge();
  assert.deepEqual(cluster.aggregator.control.holds(), []);
  await cluster.stop();
});
