import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

// What is shown of a node is what is so: nothing of an earlier boot, no "converged" that is none, no blame on the innocent.

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC", "/services/web/state": "RUN" } as const;

async function synced(count: number): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(count);
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.converge();
  return cluster;
}

test("after a reboot nothing that an earlier agent said is shown, and 'converged' is not said too early", async () => {
  const cluster = await synced(1);
  const machine = cluster.machine("n1");
  cluster.killAgent("n1");
  await cluster.clock.runUntil(() => cluster.shown("n1").runState !== "SYNC", 60_000);
  const events = cluster.aggregator.control.events(0, 10_000).length;
  await cluster.clock.runUntil(() => {
    const node = cluster.aggregator.control.find("n1");
    if (node?.runState === "SYNC" && machine.services.get("web") !== true) {
      assert.notEqual(node.dsc.get("/services/web/state"), "RUN", "a service of the boot before is shown");
      assert.notEqual(node.phase, "converged");
    }
    return node?.phase === "converged";
  }, 60_000);
  const later = cluster.aggregator.control.events(0, 10_000).slice(events);
  assert.equal(later.filter(({ kind }) => kind === "converged").length, 1);
  await cluster.stop();
});

test("a change is not 'converged' before the agent has taken it in", async () => {
  const cluster = await synced(1);
  cluster.set("n1", { "/services/web/config": { command: "other" } });
  assert.equal(cluster.shown("n1").phase, "working");
  await cluster.converge();
  await cluster.stop();
});

test("a dry run knows that a new config restarts what runs with the old one", async () => {
  const cluster = await synced(1);
  const values = new Map([["/services/web/config", { command: "other" }]]);
  const result = cluster.aggregator.control.patchCfg([{ id: cluster.machine("n1").id, values }], { dryRun: true });
  assert.ok(result.ok);
  const plan = result.changes[0]?.plan;
  assert.ok(plan?.ok);
  assert.deepEqual(plan.steps.map(({ key }) => key), ["service/apply{name=web}"]);
  await cluster.stop();
});

test("a service is not to blame for agents that die: the link is", async () => {
  const cluster = await synced(1);
  for (let round = 0; round < 3; round++) {
    cluster.killAgent("n1");
    await cluster.clock.runUntil(() => cluster.shown("n1").runState !== "SYNC", 60_000);
    await cluster.converge();
  }
  const failed = cluster.aggregator.control.events(0, 10_000).filter(({ kind }) => kind === "failed");
  assert.ok(failed.length > 0);
  assert.deepEqual(failed.filter(({ mutation }) => mutation?.startsWith("service/") === true), []);
  await cluster.stop();
});

test("what an agent has given up is stuck at once, with the agent's reason, and a retry reaches the agent", async () => {
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").broken.add("web");
  cluster.set("n1", SYNC);
  await cluster.clock.runUntil(() => cluster.shown("n1").phase === "stuck", 120_000);
  assert.match(cluster.shown("n1").reason, /service\/.*Its agent: 'web' can't be started/);
  cluster.machine("n1").broken.clear();
  cluster.aggregator.control.retry([cluster.machine("n1").id]);
  await cluster.converge();
  await cluster.stop();
});

test("a node that no aggregator serves is blocked, and says what to do", async () => {
  const cluster = await synced(1);
  cluster.set("n1", { "/parent": null, "/physState": "POWER_OFF" });
  assert.equal(cluster.shown("n1").phase, "blocked");
  assert.match(cluster.shown("n1").reason, /No aggregator serves it: set its \/parent/);
  cluster.set("n1", { "/parent": "root" });
  await cluster.converge();
  assert.equal(cluster.machine("n1").power, "off");
  await cluster.stop();
});

test("a goal of the aggregator's own node is refused: nobody plans for it", async () => {
  const cluster = await createVirtualCluster(1);
  const own = cluster.aggregator.id;
  const result = cluster.aggregator.control.patchCfg([{ id: own, values: new Map([["/physState", "POWER_OFF"]]) }], {});
  assert.ok(!result.ok);
  assert.match(result.problems.join(), /root: \/physState cannot be set here/);
  await cluster.stop();
});

test("labels, freeze and thaw reset no failure: the budget is for what is asked for", async () => {
  const cluster = await createVirtualCluster(1);
  const machine = cluster.machine("n1");
  machine.hangs = true;
  cluster.set("n1", SYNC);
  for (let edit = 0; edit < 40 && cluster.shown("n1").phase !== "stuck"; edit++) {
    await cluster.clock.advance(30_000);
    cluster.set("n1", { "/rack": `r${edit}` });
    cluster.aggregator.control.freeze([machine.id]);
    cluster.aggregator.control.thaw([machine.id]);
  }
  assert.equal(cluster.shown("n1").phase, "stuck");
  const boots = cluster.aggregator.control.events(0, 10_000).filter(({ kind, mutation }) =>
    kind === "failed" && mutation === "simpower/boot"
  );
  assert.equal(boots.length, 5);
  // What it should be is another matter: that starts anew.
  machine.hangs = false;
  cluster.set("n1", { "/services/web/state": null });
  await cluster.converge();
  await cluster.stop();
});

test("a node that waits for its turn to be powered off is not drained before it", async () => {
  const cluster = await synced(6);
  const own = cluster.aggregator.id;
  const rule = { kind: "away", atMost: 2 };
  const control = cluster.aggregator.control;
  assert.ok(control.patchCfg([{ id: own, values: new Map([["/invariants/few", rule]]) }], {}).ok);
  for (const { name } of cluster.machines) cluster.set(name, { "/physState": "POWER_OFF" });
  await cluster.clock.advance(20_000);
  const off = cluster.machines.filter(({ power }) => power === "off");
  assert.equal(off.length, 2);
  for (const machine of cluster.machines) {
    if (machine.power === "off") continue;
    assert.ok(machine.services.get("web"), `${machine.name} was drained before its turn`);
    assert.equal(cluster.shown(machine.name).phase, "waiting");
    assert.match(cluster.shown(machine.name).reason, /simpower\/power-off waits for invariant 'few'/);
  }
  // The rule goes, and with it what they wait for.
  assert.ok(control.patchCfg([{ id: own, values: new Map([["/invariants/few", null]]) }], {}).ok);
  await cluster.converge();
  assert.ok(cluster.machines.every(({ power }) => power === "off"));
  await cluster.stop();
});

test("a limit on power-offs holds the drain back too, and each node gets its turn", async () => {
  const cluster = await synced(5);
  const own = cluster.aggregator.id;
  const rule = { mutations: ["simpower/power-off"], atMost: 1 };
  assert.ok(cluster.aggregator.control.patchCfg([{ id: own, values: new Map([["/limits/off", rule]]) }], {}).ok);
  for (const { name } of cluster.machines) cluster.set(name, { "/physState": "POWER_OFF" });
  let most = 0;
  await cluster.clock.runUntil(() => {
    const drained = cluster.machines.filter(({ power, services }) => power === "on" && !services.has("web"));
    most = Math.max(most, drained.length);
    return cluster.machines.every(({ name }) => cluster.shown(name).phase === "converged");
  }, 300_000);
  assert.equal(most, 1, `${most} nodes were drained at a time`);
  assert.ok(cluster.machines.every(({ power }) => power === "off"));
  await cluster.stop();
});

test("a drain that is no longer wanted gives its place back, and programs run again", async () => {
  const cluster = await synced(2);
  const own = cluster.aggregator.id;
  const rule = { kind: "away", atMost: 1 };
  assert.ok(cluster.aggregator.control.patchCfg([{ id: own, values: new Map([["/invariants/one", rule]]) }], {}).ok);
  cluster.machine("n1").cut = true; // its agent does not hear that it may drain
  cluster.set("n1", { "/physState": "POWER_OFF" });
  await cluster.clock.advance(100);
  cluster.set("n2", { "/physState": "POWER_OFF" });
  await cluster.clock.advance(1000);
  assert.equal(cluster.machine("n2").power, "on");
  cluster.set("n1", { "/physState": "POWER_ON" });
  cluster.machine("n1").cut = false;
  await cluster.converge();
  assert.equal(cluster.machine("n2").power, "off");
  assert.ok(cluster.machine("n1").services.get("web"));
  assert.equal(cluster.aggregator.control.find("n1")?.dsc.get("/approval"), undefined);
  await cluster.stop();
});
