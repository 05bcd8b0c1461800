import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hono } from "hono";
import { answer } from "../../aggregator/boot/dhcp/answer.ts";
import { describeClient } from "../../aggregator/boot/dhcp/client.ts";
import { createEnrolment } from "../../aggregator/boot/enrolment.ts";
import { cleanPath } from "../../aggregator/boot/file_path.ts";
import { createApp } from "../../aggregator/http/mod.ts";
import { openMemoryStore } from "../../aggregator/store/memory.ts";
import { createLog } from "../../src/log.ts";
import { phaseAfter } from "../../src/boot/mod.ts";
import { clientPacket } from "../boot/dhcp_packets.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { createVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";
import { createTreeWorld } from "../tree/tree_world.ts";

// The failures that are plain in the original's code, F10 to F22: what happens there is in each test's first comment, what
// must happen here in its name. F1 to F9 are in original_failures_test.ts, one half of F17 in test/modules/service_test.ts.

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" } as const;
const NODES = "/api/v1/nodes";

async function synced(count: number, more: Record<string, string> = {}): Promise<VirtualCluster> {
  const cluster = await createVirtualCluster(count);
  for (const { name } of cluster.machines) cluster.set(name, { ...SYNC, ...more });
  await cluster.converge();
  return cluster;
}

function appOf(cluster: VirtualCluster): Hono {
  const log = createLog(() => {});
  return createApp(cluster.aggregator.control, { metrics: () => [], version: "0", log, clock: cluster.clock });
}

/** The ids in the lines of an event stream, until it has given so many. */
async function idsOf(response: Response, count: number): Promise<number[]> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const ids: number[] = [];
  while (ids.length < count) {
    const part = await reader?.read();
    if (part?.value === undefined) break;
    ids.push(...[...part.value.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
  }
  await reader?.cancel();
  return ids;
}

test("F10: DELETE of a node leaves the program and the other nodes alone", async () => {
  // There: REST DELETE killed the whole process.
  const cluster = await synced(2);
  const app = appOf(cluster);
  assert.equal((await app.request(`${NODES}/n1`, { method: "DELETE" })).status, 200);
  assert.equal((await app.request(`${NODES}/n1`)).status, 404);
  await cluster.clock.advance(10_000);
  assert.equal(cluster.shown("n2").phase, "converged");
  assert.equal((await app.request(`${NODES}/n2`)).status, 200);
  await cluster.stop();
});

test("F10: a write of a part of a node leaves the rest as it is", async () => {
  // There: PUT of a partial node erased what it did not name.
  const cluster = await synced(1, { "/services/web/state": "RUN" });
  const body = JSON.stringify({ physState: "POWER_ON" });
  const before = cluster.aggregator.control.find("n1")?.cfg;
  const headers = { "content-type": "application/merge-patch+json" };
  const response = await appOf(cluster).request(`${NODES}/n1/cfg`, { method: "PATCH", headers, body });
  assert.equal(response.status, 200, await response.text());
  assert.deepEqual(cluster.aggregator.control.find("n1")?.cfg, before);
  await cluster.stop();
});

test("F10: no GET changes state", async () => {
  // There: GETs changed state.
  const cluster = await synced(1);
  const app = appOf(cluster);
  const revision = cluster.aggregator.control.revision();
  const events = cluster.aggregator.control.events(0, 10_000).length;
  const paths = ["", "/n1", "/n1/cfg", "/n1/dsc", "/n1/plan", "/n1/explain", "/n1/graph"];
  for (const path of paths) assert.equal((await app.request(`${NODES}${path}`)).status, 200, path);
  assert.equal(cluster.aggregator.control.revision(), revision);
  assert.equal(cluster.aggregator.control.events(0, 10_000).length, events);
  await cluster.stop();
});

test("F10: an error has a status of its own", async () => {
  // There: errors came with 200.
  const cluster = await createVirtualCluster(1);
  const app = appOf(cluster);
  const patch = (path: string, body: string) =>
    app.request(`${NODES}/${path}/cfg`, {
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
      body,
    });
  assert.equal((await patch("n9", "{}")).status, 404);
  assert.equal((await patch("n1", "{")).status, 400);
  assert.equal((await patch("n1", JSON.stringify({ physState: "UP" }))).status, 422);
  await cluster.stop();
});

test("F11: a listener that dies or takes nothing stops events for nobody else", async () => {
  // There: an event-subscribed module died under load, and all delivery stopped for ever.
  const cluster = await createVirtualCluster(20);
  const { control } = cluster.aggregator;
  const stalled = await appOf(cluster).request("/api/v1/events?after=0", { headers: { accept: "text/event-stream" } });
  let heard = 0;
  control.onEvent(() => void heard++);
  for (const { name } of cluster.machines) cluster.set(name, SYNC);
  await cluster.converge();
  const logged = control.events(0, 10_000).length;
  assert.ok(logged > 100, `${logged} events`);
  const before = heard;
  cluster.killAgent("n1");
  await cluster.clock.advance(5000);
  assert.ok(heard > before, "nothing was heard after the load");
  await stalled.body?.cancel();
  await cluster.stop();
});

test("F12: the same nodes get the same plans, whenever they are asked for", async () => {
  // There: plans differed from run to run, by random tie-breaks and the order of maps.
  const plans = new Set<string>();
  for (let run = 0; run < 5; run++) {
    const cluster = await createVirtualCluster(1, run + 1);
    const services = ["web", "db", "log"].sort(() => run % 2 === 0 ? 1 : -1);
    for (const service of services) cluster.set("n1", { [`/services/${service}/state`]: "RUN" });
    cluster.set("n1", SYNC);
    plans.add(JSON.stringify(cluster.aggregator.control.plan(cluster.machine("n1").id)));
    await cluster.stop();
  }
  assert.equal(plans.size, 1);
  assert.match([...plans].join(), /service\/start\{name=web\}/);
});

test("F13: zero, false and empty are values, and not to be set is to be absent", async () => {
  // There: zero values meant unset, unknown and don't care at once.
  const cluster = await synced(1);
  cluster.load("n1", 7);
  await cluster.clock.advance(1000);
  cluster.load("n1", 0);
  await cluster.clock.advance(1000);
  assert.equal(cluster.aggregator.control.find("n1")?.dsc.get("/host/load"), 0);
  const limit = "/engine/limits/power-on/most";
  assert.equal(cluster.aggregator.control.find("n1")?.cfg.has(limit), false);
  cluster.set("n1", { "/services/web/state": "RUN" });
  await cluster.converge();
  cluster.set("n1", { "/services/web/state": null });
  assert.equal(cluster.aggregator.control.find("n1")?.cfg.has("/services/web/state"), false);
  await cluster.stop();
});

test("F14: what a parent has discovered of a child is not overwritten by the child", async () => {
  // There: the child's stale copy replaced the parent's own discoveries.
  const cluster = await synced(1);
  const { id } = cluster.machine("n1");
  const data = cluster.traffic.flatMap(({ frame }) => frame.type === "data" ? [frame] : []).at(-1);
  assert.ok(data !== undefined);
  const lie = new Map([["/physState", { value: "POWER_OFF", version: [2 ** 31, 2 ** 31] as const }]]);
  cluster.aggregator.receive(id, {
    ...data,
    ...{ since: data.upTo, upTo: data.upTo + 1, newest: data.upTo + 1 },
    documents: [{ id, facets: { parent: lie, cfg: lie } }],
  });
  await cluster.clock.advance(10_000);
  assert.equal(cluster.shown("n1").physState, "POWER_ON");
  assert.equal(cluster.aggregator.control.find("n1")?.cfg.get("/physState"), "POWER_ON");
  await cluster.stop();
});

test("F15: a node of far more than 9,000 bytes arrives whole, both ways", async () => {
  // There: a record over 9,000 bytes was dropped without a word, and the node died 40 s later.
  const cluster = await synced(1);
  const names = Array.from({ length: 100 }, (_, index) => `service-${index}`);
  const values = names.flatMap((name) => [
    [`/services/${name}/config`, { command: "run", args: ["x".repeat(300)] }] as const,
    [`/services/${name}/state`, "RUN"] as const,
  ]);
  cluster.set("n1", Object.fromEntries(values));
  await cluster.converge();
  const dsc = cluster.aggregator.control.find("n1")?.dsc;
  assert.equal(names.filter((name) => dsc?.get(`/services/${name}/state`) === "RUN").length, 100);
  assert.equal(names.filter((name) => cluster.machine("n1").services.get(name) === true).length, 100);
  await cluster.stop();
});

test("F16: a token lets in its own machine, once", () => {
  // There: anyone who reached the join port in the boot window became that node, and hellos could be replayed.
  const store = openMemoryStore();
  const clock = createVirtualClock();
  const enrolment = createEnrolment({ store, facts: new Map(), clock, log: createLog(() => {}), onEnd: () => {} });
  const mac = "52:54:00:77:00:01";
  const token = enrolment.issue("00000000-0000-4000-8000-000000000001", mac);
  assert.equal(enrolment.exchange(token, "52:54:00:77:00:02").ok, false);
  assert.equal(enrolment.exchange(token, mac).ok, true);
  assert.equal(enrolment.exchange(token, mac).ok, false);
});

test("F17: a service in ERROR is started again", async () => {
  // There: it never was.
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").broken.add("web");
  cluster.set("n1", { ...SYNC, "/services/web/state": "RUN" });
  await cluster.clock.runUntil(
    () => cluster.aggregator.control.find("n1")?.dsc.get("/services/web/state") === "ERROR",
    120_000,
  );
  cluster.machine("n1").broken.delete("web");
  await cluster.converge();
  assert.equal(cluster.machine("n1").services.get("web"), true);
  await cluster.stop();
});

test("F18: a mutation that another program must run times out, and says so", async () => {
  // There: waits for services, and mutations of other programs, had no timeout.
  const cluster = await synced(1);
  cluster.machine("n1").agent?.disconnected();
  cluster.machine("n1").cut = true; // nobody tells its parent, which still takes the link for up
  cluster.set("n1", { "/services/web/state": "RUN" });
  await cluster.clock.runUntil(() => cluster.shown("n1").reason.includes("Timed out after 10 s"), 60_000);
  assert.ok(
    cluster.aggregator.control.events(0, 10_000).some(({ kind, why }) => kind === "failed" && /Timed out/.test(why)),
  );
  await cluster.stop();
});

test("F19: an order that a controller takes and does not carry out is no success", async () => {
  // There: power modules reported success without looking.
  const cluster = await createVirtualCluster(1);
  cluster.machine("n1").bmc = "deaf";
  cluster.set("n1", { "/physState": "POWER_ON" });
  await cluster.clock.advance(30_000);
  assert.notEqual(cluster.shown("n1").physState, "POWER_ON");
  assert.notEqual(cluster.shown("n1").phase, "converged");
  await cluster.stop();
});

test("F20: no path of TFTP or HTTP leads out of the folder of boot files", () => {
  // There: TFTP served any file that root could read.
  for (const path of ["../etc/shadow", "a/../../b", "/../x", "..", "a/..", "\\..\\x", "a\0b"]) {
    const clean = cleanPath(path);
    assert.ok(clean === undefined || !clean.split(/[/\\]/).includes(".."), `${path}: ${clean}`);
  }
});

test("F20: a DHCP request that chose another server is left to that server", () => {
  // There: the request was answered all the same.
  const packet = clientPacket("request", { server: "10.77.0.9", wants: "10.77.0.11" });
  const result = answer(packet, "request", {
    mode: "server",
    address: "10.77.0.1",
    host: { name: "n1", lease: { address: "10.77.0.11", prefix: 24 } },
    client: describeClient(packet),
    boot: () => ({ unserved: "nothing" }),
    service: "dhcp",
  });
  assert.equal(result.answer, "silent");
});

test("F20: a machine is at INIT when it has its kernel, not when it was answered", () => {
  // There: PXE INIT only meant that a DHCP answer was sent.
  assert.equal(phaseAfter("WAIT", { kind: "address" }), "DHCP");
  assert.equal(phaseAfter("DHCP", { kind: "script" }), "LOADING");
  assert.equal(phaseAfter("LOADING", { kind: "progress", percent: 99 }), "LOADING");
  assert.equal(phaseAfter("LOADING", { kind: "loaded" }), "INIT");
});

test("F21: a change at the root reaches a node four tiers below, and what is discovered there comes back", async () => {
  // There: trees of more than two levels were promised and never built.
  const world = await createTreeWorld([
    { name: "root", isAggregator: true },
    { name: "row", parent: "root", isAggregator: true },
    { name: "rack", parent: "row", isAggregator: true },
    { name: "n1", parent: "rack" },
  ], { seed: 1, brokersOutlive: false, calm: [] });
  await world.clock.advance(30_000);
  const { control } = world.root;
  const { id } = world.member("n1");
  assert.equal(control.explain(id)?.phase, "converged");
  assert.ok(control.patchCfg([{ id, values: new Map([["/physState", "POWER_OFF"], ["/runState", null]]) }], {}).ok);
  await world.clock.runUntil(() => control.find("n1")?.physState === "POWER_OFF", 120_000);
  await world.stop();
});

test("F22: a client that fell behind goes on from the last event that it had, and misses none", async () => {
  // There: one that fell 50 messages behind was dropped, with no way to resume.
  const cluster = await synced(10);
  const app = appOf(cluster);
  const all = cluster.aggregator.control.events(0, 10_000).map(({ id }) => id);
  assert.ok(all.length > 60, `${all.length} events`);
  const headers = { accept: "text/event-stream" };
  const first = await idsOf(await app.request("/api/v1/events?after=0", { headers }), 5);
  const last = first.at(-1) ?? 0;
  const rest = await idsOf(
    await app.request("/api/v1/events", { headers: { ...headers, "last-event-id": `${last}` } }),
    all.length - first.length,
  );
  assert.deepEqual([...first, ...rest], all);
  await cluster.stop();
});
