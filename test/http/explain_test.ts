import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hono } from "hono";
import { createLog } from "../../src/log.ts";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";
import { assertProblem, createCheckedApp, send } from "./support.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;

/** A cluster on a virtual clock with its HTTP interface, ended after the test. */
async function withCluster(
  count: number,
  run: (cluster: VirtualCluster, app: Hono) => Promise<void>,
): Promise<void> {
  const cluster = await createVirtualCluster(count);
  const log = createLog(() => {});
  try {
    await run(
      cluster,
      createCheckedApp(cluster.aggregator.control, { metrics: () => [], version: "1.2.3", log, clock: cluster.clock }),
    );
  } finally {
    await cluster.stop();
  }
}

async function get(app: Hono, path: string) {
  const response = await app.request(`/api/v1${path}`);
  assert.equal(response.status, 200, path);
  return await response.json();
}

/** Lets the first power-on start, and the others wait for it. */
async function limited(cluster: VirtualCluster, app: Hono): Promise<void> {
  const limit = { limits: { power: { mutations: ["simpower/power-on"], atMost: 1 } } };
  const set = await app.request(`/api/v1/nodes/${cluster.aggregator.control.name}/cfg`, send("PATCH", limit));
  assert.equal(set.status, 200, await set.text());
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.clock.runUntil(() => cluster.shown("n3").phase === "waiting", 60_000);
}

test("GET explain tells step by step what a node waits for: a limit, with its place in the queue and behind whom", () =>
  withCluster(3, async (cluster, app) => {
    await limited(cluster, app);
    const explained = await get(app, "/nodes/n3/explain");
    assert.equal(explained.isHypothetical, false);
    assert.equal(explained.phase, "waiting");
    assert.match(explained.why, /limit 'power'/);
    assert.deepEqual(explained.goals[0], { url: "/physState", value: "POWER_ON", now: "POWER_OFF" });
    const [first, second] = explained.steps;
    assert.equal(first.key, "simpower/power-on");
    assert.equal(first.about, "Powers the machine on");
    const { blocker } = first.state;
    assert.deepEqual(
      [first.state.kind, blocker.kind, blocker.limit, blocker.inFlight, blocker.atMost, blocker.place],
      ["waiting", "limit", "power", 1, 1, 2],
    );
    assert.equal(blocker.behind, "n2");
    assert.ok(Date.parse(blocker.since) <= Date.parse(explained.at));
    assert.deepEqual(second.state, { kind: "after", steps: ["simpower/power-on"] });
    assert.deepEqual(second.after, [0]);
    assert.equal(
      explained.expectedMs,
      explained.steps.reduce((sum: number, step: { expectedMs: number }) => sum + step.expectedMs, 0),
    );

    const { explanations } = await get(app, "/explain?nodeset=n%5B1-2%5D");
    assert.deepEqual(explanations.map(({ name }: { name: string }) => name), ["n1", "n2"]);
    const running = explanations[0].steps[0];
    assert.equal(running.state.kind, "running");
    assert.equal(Date.parse(running.state.until) - Date.parse(running.state.since), running.timeout);
  }));

test("GET limits shows the rules as they are set, who is in flight and who waits, in order", () =>
  withCluster(3, async (cluster, app) => {
    await limited(cluster, app);
    const { rules, limits, invariants, holds } = await get(app, "/limits");
    assert.deepEqual(rules, { limits: { power: { mutations: ["simpower/power-on"], atMost: 1 } } });
    assert.deepEqual([limits[0].name, limits[0].inFlight, limits[0].atMost, limits[0].waiting], ["power", 1, 1, 2]);
    assert.deepEqual(limits[0].queue.map(({ node }: { node: string }) => node), ["n2", "n3"]);
    assert.deepEqual([invariants, holds], [[], []]);
    const { counts } = await get(app, "/engine");
    assert.equal(counts.waiting, 2);
    await cluster.converge();
    assert.equal((await get(app, "/limits")).limits[0].waiting, 0);
  }));

test("a rule that means nothing is refused, with its field, what was there and what was expected", () =>
  withCluster(1, async (cluster, app) => {
    const root = `/api/v1/nodes/${cluster.aggregator.control.name}/cfg`;
    const none = await app.request(root, send("PATCH", { limits: { power: { mutations: ["simpower/power-on"] } } }));
    await assertProblem(none, 422, /\/limits\/power\/atMost is missing: expected it, or perSecond/);
    const odd = await app.request(root, send("PATCH", { invariants: { few: { kind: "away", atMost: "lots" } } }));
    await assertProblem(odd, 422, /\/invariants\/few\/atMost is "lots": expected a count, or a share such as "10%"/);
    const elsewhere = await app.request(
      "/api/v1/nodes/n1/cfg",
      send("PATCH", { limits: { a: { mutations: ["a/b"], atMost: 1 } } }),
    );
    await assertProblem(elsewhere, 422, /n1: \/limits\/a can't be set here: it belongs to the aggregator's own node/);
  }));

test("GET explain names the value that can't be reached, and what each mutation that leads to it lacks", () =>
  withCluster(1, async (cluster, app) => {
    cluster.set("n1", SYNC);
    await cluster.converge();
    assert.equal((await get(app, "/nodes/n1/explain")).why, "Needs nothing: at its goal");
    await app.request("/api/v1/nodes/n1/dsc", send("PATCH", { busy: "BUSY" }));
    const before = await get(app, "/nodes/n1/cfg");
    const asked = await app.request("/api/v1/nodes/n1/explain", send("POST", { physState: "POWER_OFF" }));
    const explained = await asked.json();
    assert.deepEqual([explained.isHypothetical, explained.phase, explained.steps], [true, "blocked", []]);
    assert.equal(explained.noPlan.url, "/physState");
    assert.equal(explained.noPlan.value, "POWER_OFF");
    const off = explained.noPlan.achievers.find(({ key }: { key: string }) => key === "simpower/power-off");
    const words = "/busy is 'BUSY': must not be";
    assert.deepEqual(off.lacks, [{ kind: "excluded", url: "/busy", excludes: ["BUSY"], is: "BUSY", words }]);
    assert.match(explained.noPlan.reason, /^Cannot reach \/physState 'POWER_OFF'/);
    assert.deepEqual(await get(app, "/nodes/n1/cfg"), before, "asking changed something");
  }));

test("POST explain tells the way to another goal, and refuses a wrong one as a change of it would be", () =>
  withCluster(2, async (cluster, app) => {
    for (const { name } of cluster.machines) cluster.set(name, SYNC);
    await cluster.converge();
    const response = await app.request("/api/v1/explain?nodeset=n%5B1-2%5D", send("POST", { physState: "POWER_OFF" }));
    const { explanations } = await response.json();
    assert.equal(explanations.length, 2);
    assert.equal(explanations[1].steps.at(-1).key, "simpower/power-off");
    assert.deepEqual(explanations[1].suspended.map(({ url }: { url: string }) => url), ["/runState"]);
    const odd = await app.request("/api/v1/nodes/n1/explain", send("POST", { physState: "ON" }));
    await assertProblem(odd, 422, /\/physState is "ON": expected one of/);
    const adopted = await app.request("/api/v1/nodes/n1/explain", send("POST", { parent: "nobody" }));
    await assertProblem(adopted, 422, /n1: \/parent is "nobody": expected one of/);
    await assertProblem(await app.request("/api/v1/explain", send("POST", {})), 400, /'nodeset' is missing/);
    await assertProblem(await app.request("/api/v1/nodes/n9/explain"), 404, /No node 'n9'/);
  }));

test("explain says of a node without a parent that nobody serves it, and of the aggregator that it needs nothing", () =>
  withCluster(1, async (cluster, app) => {
    cluster.set("n1", { ...SYNC, "/parent": null });
    const explained = await get(app, "/nodes/n1/explain");
    assert.equal(explained.phase, "blocked");
    assert.match(explained.why, /^No aggregator serves it: set its \/parent/);
    assert.deepEqual(explained.steps[0].state, { kind: "awaited", of: "parent" });
    const own = await get(app, `/nodes/${cluster.aggregator.control.name}/explain`);
    assert.deepEqual([own.phase, own.why, own.steps, own.goals], ["converged", "Needs nothing: at its goal", [], []]);
  }));

test("explain says what a node's own agent has given up on, why and since when, and retry lets it try again", () =>
  withCluster(1, async (cluster, app) => {
    const machine = cluster.machine("n1");
    machine.broken.add("web");
    cluster.set("n1", { ...SYNC, "/services/web/state": "RUN" });
    await cluster.clock.runUntil(() => cluster.shown("n1").reason.startsWith("its agent: "), 600_000);
    const held = await get(app, "/nodes/n1/explain");
    assert.match(held.agent.mutation, /^service\/(re)?start\{name=web\}$/);
    assert.ok(held.agent.reason.length > 0);
    assert.ok(Date.parse(held.agent.since) <= Date.parse(held.at));
    const step = held.steps.find(({ key }: { key: string }) => key === held.agent.mutation);
    assert.deepEqual([step.state.kind, step.state.by], ["held", "agent"]);
    assert.equal(step.state.since, held.agent.since);
    const events = cluster.aggregator.control.events(0, 10_000);
    assert.ok(
      events.some(({ node, kind, why }) => node === "n1" && kind === "stuck" && why.startsWith("Its agent gave up")),
    );
    machine.broken.clear();
    await app.request("/api/v1/nodes/n1/retry", { method: "POST" });
    await cluster.converge();
    assert.equal((await get(app, "/nodes/n1/explain")).agent, undefined);
  }));

test("late nodes are marked in the list, with since when and why, though nothing else has changed", () =>
  withCluster(1, async (cluster, app) => {
    cluster.machine("n1").hangs = true;
    cluster.set("n1", SYNC);
    await cluster.clock.runUntil(() => cluster.aggregator.control.engine().counts.late === 1, 120_000);
    const { nodes } = await get(app, "/nodes?nodeset=n1");
    assert.match(nodes[0].late.why, /expected/);
    assert.match(nodes[0].late.since, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual((await get(app, "/nodes/n1/explain")).late, nodes[0].late);
    assert.deepEqual((await get(app, "/nodes/n1")).engine.late, nodes[0].late);
    assert.equal((await get(app, "/engine")).counts.late, 1);
  }));

test("a list's ETag changes when a node becomes late, by time alone", () =>
  withCluster(1, async (cluster, app) => {
    cluster.machine("n1").hangs = true;
    cluster.set("n1", SYNC);
    const etagOf = async () => (await app.request("/api/v1/nodes")).headers.get("etag");
    await cluster.clock.runUntil(() => cluster.shown("n1").physState === "POWER_ON", 120_000);
    await cluster.clock.advance(2000);
    const before = await etagOf();
    const seen = cluster.aggregator.control.events(0, 10_000).length;
    await cluster.clock.runUntil(() => cluster.aggregator.control.engine().counts.late === 1, 120_000);
    await cluster.clock.advance(1000);
    assert.equal(cluster.aggregator.control.events(0, 10_000).length, seen, "something else happened");
    assert.notEqual(await etagOf(), before);
  }));

test("GET graph draws the states around a node as data, DOT and Mermaid", () =>
  withCluster(1, async (cluster, app) => {
    cluster.set("n1", SYNC);
    await cluster.clock.runUntil(() => cluster.shown("n1").physState !== "PHYS_UNKNOWN", 60_000);
    const graph = await get(app, "/nodes/n1/graph");
    assert.equal(graph.name, "n1");
    assert.ok(graph.states.some(({ id }: { id: string }) => id === graph.current));
    assert.ok(graph.edges.some(({ mutation, isPlanned }: { mutation: string; isPlanned: boolean }) =>
      mutation === "simpower/power-on" && isPlanned
    ));
    const dot = await app.request("/api/v1/nodes/n1/graph?format=dot");
    assert.match(dot.headers.get("content-type") ?? "", /^text\/vnd\.graphviz/);
    assert.match(await dot.text(), /^digraph kraken \{/);
    assert.match(await (await app.request("/api/v1/nodes/n1/graph?format=mermaid")).text(), /^flowchart LR\n/);
    const small = await get(app, "/nodes/n1/graph?maxStates=1");
    assert.deepEqual([small.states.length, small.truncated], [1, true]);
    await assertProblem(await app.request("/api/v1/nodes/n1/graph?format=png"), 400, /expected json, dot or mermaid/);
    await assertProblem(await app.request("/api/v1/nodes/n1/graph?maxStates=0"), 400, /from 1 to 2000/);
  }));
