import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { createVirtualCluster } from "../support/virtual_cluster.ts";
import { assertProblem, createCheckedApp, createTestApp, send } from "./support.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

test("a dry run groups nodes by what would be done, with those that are busy or frozen, and touches nothing", async () => {
  const cluster = await createVirtualCluster(5);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.converge();
    cluster.set("n4", { "/physState": "POWER_OFF" });
    await cluster.converge();
    await app.request("/api/v1/nodes/n5/dsc", send("PATCH", { busy: "BUSY" }));
    await app.request("/api/v1/engine/freeze", send("POST", { nodeset: "n2" }));
    await cluster.clock.advance(5000); // until its agent knows
    const revision = control.revision();
    const orders = cluster.machines.map((machine) => [...machine.orders]);

    const url = "/api/v1/nodes?nodeset=n%5B1-5%5D&dryRun=true";
    const response = await app.request(url, send("PATCH", { physState: "POWER_OFF" }));
    const { dryRun, changes, groups } = await response.json();
    assert.deepEqual([dryRun, changes.length, groups.length], [true, 5, 3]);
    const [off, done, busy] = groups;
    assert.deepEqual([off.nodeset, off.count, off.ok, off.disruptive, off.frozen], ["n[1-3]", 3, true, true, "n2"]);
    assert.match(off.summary, /^\d steps: .*simpower\/power-off; about \d+ s.*; disruptive$/);
    assert.equal(off.steps.at(-1).key, "simpower/power-off");
    assert.equal(off.expectedMs, changes[0].plan.duration);
    assert.equal(off.busy, undefined);
    assert.deepEqual([done.nodeset, done.summary, done.disruptive], ["n4", "nothing to do", false]);
    assert.deepEqual([busy.nodeset, busy.ok, busy.busy], ["n5", false, "n5"]);
    assert.match(busy.reason, /Cannot reach \/physState 'POWER_OFF'.*\/busy is 'BUSY': must not be/);
    assert.equal(busy.summary, `no plan: ${busy.reason}`);

    await cluster.clock.advance(5000);
    assert.equal(control.revision(), revision);
    assert.deepEqual(cluster.machines.map((machine) => machine.orders), orders);
  } finally {
    await cluster.stop();
  }
});

test("a dry run tells on which nodes what is needed has been given up, as long as the change does not lift that", async () => {
  const cluster = await createVirtualCluster(2);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    cluster.machine("n1").broken.add("web");
    const wanted = { ...SYNC, "/services/web/state": "RUN" };
    for (const { name } of cluster.machines) cluster.set(name, wanted);
    await cluster.clock.runUntil(() => cluster.shown("n1").reason.startsWith("its agent: "), 600_000);
    const ask = async (patch: unknown) => {
      const url = "/api/v1/nodes?nodeset=n1&dryRun=true&detail=groups";
      return await (await app.request(url, send("PATCH", patch))).json();
    };
    const same = await ask({ physState: "POWER_ON" });
    assert.deepEqual(Object.keys(same), ["dryRun", "groups"]);
    assert.equal(same.groups[0].held.nodeset, "n1");
    assert.match(same.groups[0].held.reason, /^its agent gave up on service\//);
    const other = await ask({ services: { web: { state: "STOP" } } });
    assert.equal(other.groups[0].held, undefined);
  } finally {
    await cluster.stop();
  }
});

test("a fleet hold stops a change that asks for the same, and is shown in its dry run until it is released", async () => {
  const cluster = await createVirtualCluster(6);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    for (const machine of cluster.machines) machine.hangs = true;
    for (const name of ["n1", "n2", "n3", "n4", "n5"]) cluster.set(name, SYNC);
    await cluster.clock.runUntil(() => control.holds().length > 0, 3_600_000);
    const url = "/api/v1/nodes?nodeset=n6&dryRun=true";
    const { groups } = await (await app.request(url, send("PATCH", { physState: "POWER_ON", runState: "SYNC" })))
      .json();
    assert.equal(groups[0].held.nodeset, "n6");
    assert.match(groups[0].held.reason, /^simpower\/boot is held for the whole fleet: /);
    const more = { physState: "POWER_ON", runState: "SYNC", services: { web: { state: "RUN" } } };
    const others = await (await app.request(url, send("PATCH", more))).json();
    assert.equal(others.groups[0].held, undefined, "other goals are not held");
    const held = await (await app.request("/api/v1/limits")).json();
    assert.equal(held.holds[0].mutation, "simpower/boot");
    const { released } = await (await app.request("/api/v1/engine/release", { method: "POST" })).json();
    assert.deepEqual(released, held.holds);
    assert.deepEqual(control.holds(), []);
  } finally {
    await cluster.stop();
  }
});

test("apply answers groups too, and detail=groups leaves the nodes out", async () => {
  const { app } = await createTestApp();
  const nodes = ["n1", "n2", "n9"].map((name) => ({
    name,
    cfg: { platform: "sim", parent: "root", physState: "POWER_ON" },
  }));
  const all = await (await app.request("/api/v1/apply?dryRun=true", send("POST", { nodes }))).json();
  assert.equal(all.changes.length, 3);
  assert.deepEqual(all.groups.map(({ nodeset }: { nodeset: string }) => nodeset), ["n[1-2]", "n9"]);
  assert.equal(all.groups[0].summary, "1 step: simpower/power-on; about 8 s");
  const url = "/api/v1/apply?dryRun=true&detail=groups";
  const short = await (await app.request(url, send("POST", { nodes }))).json();
  assert.deepEqual(short, { dryRun: true, groups: all.groups });
  const odd = await app.request("/api/v1/apply?detail=few", send("POST", { nodes }));
  await assertProblem(odd, 400, /Parameter 'detail' is 'few': expected nodes or groups/);
});

test("a dry run takes what would be reported of a node too, and changes nothing of it", async () => {
  const cluster = await createVirtualCluster(1);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    cluster.set("n1", SYNC);
    await cluster.converge();
    const patch = { power: { order: "DONE" }, physState: "POWER_ON" };
    const ask = (query: string, reported: unknown) =>
      app.request(`/api/v1/selection/patch${query}`, send("POST", { nodeset: "n1", patch, reported }));
    const { groups } = await (await ask("?dryRun=true", { power: { order: "CYCLE" } })).json();
    const keys = groups[0].steps.map(({ key }: { key: string }) => key);
    assert.deepEqual(keys.slice(0, 4), [
      "service/drain",
      "simpower/power-off",
      "simpower/cycle-off",
      "simpower/power-on",
    ]);
    assert.equal(control.find("n1")?.dsc.get("/power/order"), undefined);
    await assertProblem(await ask("", { power: { order: "CYCLE" } }), 422, /'reported' is for dry runs/);
    await assertProblem(
      await ask("?dryRun=true", { physState: "POWER_OFF" }),
      422,
      /expected a variable that is reported/,
    );
  } finally {
    await cluster.stop();
  }
});

test("a frozen node's plan says that it is frozen and by whom, and what starts after a thaw", async () => {
  const cluster = await createVirtualCluster(2);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    for (const name of ["n1", "n2"]) cluster.set(name, { "/physState": "POWER_OFF" });
    await cluster.converge();
    assert.ok(control.freeze([cluster.machine("n1").id]).ok);
    for (const name of ["n1", "n2"]) cluster.set(name, { "/physState": "POWER_ON" });
    const { plans } = await (await app.request("/api/v1/plan?nodeset=n[1-2]")).json();
    assert.equal(plans[0].frozen, "node");
    assert.deepEqual(plans[0].starts, [{ step: 0, state: { kind: "frozen", by: "node", next: true } }]);
    assert.deepEqual([plans[1].frozen, plans[1].starts], [undefined, undefined]);
    const { why } = await (await app.request("/api/v1/nodes/n1/explain")).json();
    assert.equal(why, "The node is frozen: nothing starts before a thaw, then simpower/power-on");
    const asked = send("PATCH", { runState: "SYNC" });
    const { groups } = await (await app.request("/api/v1/nodes?nodeset=n1&dryRun=true", asked)).json();
    assert.deepEqual(groups[0].starts, plans[0].starts);
  } finally {
    await cluster.stop();
  }
});
