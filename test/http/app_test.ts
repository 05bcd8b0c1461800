import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, createTestApp, send } from "./support.ts";
import { at } from "../support/versions.ts";

const CFG = "/api/v1/nodes/n1/cfg";

test("GET healthz and / tell who answers", async () => {
  const { app } = await createTestApp();
  assert.deepEqual(await (await app.request("/healthz")).json(), {
    status: "ok",
    cluster: "demo",
    name: "root",
    version: "1.2.3",
  });
  assert.match(
    await (await app.request("/")).text(),
    /^Kraken 1\.2\.3, aggregator 'root' of cluster 'demo': see .*\n$/,
  );
});

test("GET readyz says whether it can do its work, and what is not on disk is answered 503 with what to do", async () => {
  const { app, control } = await createTestApp();
  assert.equal((await app.request("/readyz")).status, 200);
  control.fill("Cannot write to the store 'state.db': its disk is full: free some space");
  const ready = await app.request("/readyz");
  assert.equal(ready.status, 503);
  assert.equal(ready.headers.get("content-type"), "application/problem+json");
  assert.match((await ready.json()).detail, /its disk is full: free some space/);
  const health = await app.request("/healthz");
  assert.equal(health.status, 200, "it lives: to start it again would make no room");
  assert.match(JSON.stringify(await health.json()), /"troubles":\["Cannot write/);
  for (const path of ["/engine/freeze", "/engine/thaw", "/engine/release", "/nodes/n1/retry"]) {
    const answer = await app.request(`/api/v1${path}`, { method: "POST" });
    assert.equal(answer.status, 503, path);
    assert.match((await answer.json()).detail, /free some space/);
  }
});

test("HEAD answers like GET, without the body", async () => {
  const { app, control } = await createTestApp();
  for (const path of ["/healthz", "/api/v1/nodes", CFG, "/api/v1/events"]) {
    const response = await app.request(path, { method: "HEAD" });
    assert.equal(response.status, 200, path);
    assert.equal(await response.text(), "");
  }
  assert.equal((await app.request(CFG, { method: "HEAD" })).headers.get("etag"), '"0.1.1"');
  assert.equal(control.listeners, 0);
});

test("paths that are not there and methods that a path does not have are told apart", async () => {
  const { app } = await createTestApp();
  await assertProblem(await app.request("/api/v1/nothing"), 404, /There is nothing at '\/api\/v1\/nothing'/);
  const refused = await app.request(CFG, { method: "DELETE" });
  assert.equal(refused.headers.get("allow"), "GET, HEAD, PATCH");
  await assertProblem(refused, 405, /Cannot DELETE '\/api\/v1\/nodes\/n1\/cfg': expected GET, HEAD, PATCH/);
  const started = await app.request("/api/v1/engine/freeze");
  assert.equal(started.headers.get("allow"), "POST");
  await assertProblem(started, 405, /expected POST$/m);
});

test("bodies of another type, too long, malformed or too deep are refused", async () => {
  const { app, control } = await createTestApp();
  const headers = { "content-type": "application/json" };
  const raw = (body: string | Uint8Array<ArrayBuffer>) => app.request(CFG, { method: "PATCH", headers, body });
  const form = await app.request(CFG, { method: "PATCH", headers: { "content-type": "text/plain" }, body: "{}" });
  assert.equal(form.headers.get("accept-patch"), "application/merge-patch+json, application/json");
  await assertProblem(form, 415, /Content-Type is 'text\/plain': expected application\/merge-patch\+json or/);
  await assertProblem(await app.request(CFG, { method: "PATCH" }), 415, /Content-Type is missing/);
  await assertProblem(await raw(JSON.stringify({ platform: "x".repeat(1024 * 1024) })), 413, /more than 1048576 bytes/);
  await assertProblem(await raw("{"), 400, /The body is no JSON/);
  await assertProblem(await raw(""), 400, /The body is no JSON/);
  await assertProblem(await raw(new Uint8Array([0x22, 0xff, 0x22])), 400, /The body is no JSON/);
  await assertProblem(await raw(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`), 400, /nested deeper than 32 levels/);
  await assertProblem(await raw("[".repeat(500_000)), 400, /The body is no JSON/);
  assert.deepEqual(control.find("n1")?.version, at(1, 1));
});

test("a fault inside is logged, and the client is told no more than that", async () => {
  const { app, control, lines } = await createTestApp();
  control.breakDown();
  const response = await app.request("/api/v1/nodes");
  const details = await assertProblem(response, 500, /its log says why/);
  assert.equal(JSON.stringify(details).includes("secret"), false);
  assert.match(lines.join(""), /The secret path/);
});

test("requests of foreign pages and under foreign names are refused", async () => {
  const { app, control } = await createTestApp();
  const freeze = "/api/v1/engine/freeze";
  await assertProblem(await app.request(`http://evil.example${freeze}`, { method: "POST" }), 403, /as 'evil\.example'/);
  for (const origin of ["https://evil.example", "http://localhost:8080", "null"]) {
    const response = await app.request(`http://localhost:3141${freeze}`, { method: "POST", headers: { origin } });
    await assertProblem(response, 403, /Cannot answer a page of/);
  }
  assert.deepEqual(control.asked, []);
  const own = { method: "POST", headers: { origin: "http://localhost:3141" } };
  assert.equal((await app.request(`http://localhost:3141${freeze}`, own)).status, 200);
  assert.equal((await app.request("http://[::1]:3141/healthz")).status, 200);
  assert.equal((await app.request("http://127.0.0.1:3141/healthz")).status, 200);
});

test("freeze and thaw are about everything or a nodeset", async () => {
  const { app, control } = await createTestApp();
  const status = await (await app.request("/api/v1/engine/freeze", { method: "POST" })).json();
  assert.deepEqual(status, await (await app.request("/api/v1/engine")).json());
  assert.equal(status.version, "1.2.3");
  assert.deepEqual([status.nodes, status.frozen, status.counts.mutations], [3, true, 0]);
  await app.request("/api/v1/engine/thaw", send("POST", {}));
  await app.request("/api/v1/engine/freeze", send("POST", { nodeset: "n[1-2]" }));
  await app.request("/api/v1/engine/thaw", send("POST", { nodeset: "n2" }));
  assert.deepEqual(control.asked, ["freeze everything", "thaw everything", "freeze n1 n2", "thaw n2"]);
  const frozen = ["n1", "n2", "n3"].map((name) => control.find(name)?.cfg.get("/freeze") ?? false);
  assert.deepEqual([control.engine().frozen, ...frozen], [false, true, false, false]);
  for (const body of [{ nodes: "n1" }, [], null]) {
    await assertProblem(
      await app.request("/api/v1/engine/freeze", send("POST", body)),
      422,
      /expected \{\} for everything/,
    );
  }
  const odd = await app.request("/api/v1/engine/freeze", send("POST", { nodeset: 1 }));
  await assertProblem(odd, 422, /^nodeset is 1: expected a nodeset, such as n\[1-8\]$/m);
  await assertProblem(await app.request("/api/v1/engine/freeze", send("POST", { nodeset: "n[3-5]" })), 404, /n\[4-5\]/);
  assert.equal(control.asked.length, 4);
});

test("POST retry tries a node again", async () => {
  const { app, control } = await createTestApp();
  const answer = await (await app.request("/api/v1/nodes/n2/retry", { method: "POST" })).json();
  assert.equal(answer.name, "n2");
  assert.equal(answer.engine.phase, control.find("n2")?.engine.phase);
  assert.deepEqual(control.asked, ["retry n2"]);
  await assertProblem(await app.request("/api/v1/nodes/n7/retry", { method: "POST" }), 404, /No node 'n7'/);
});

test("GET plan answers for one node, a nodeset or all", async () => {
  const { app } = await createTestApp();
  await app.request(CFG, send("PATCH", { physState: "POWER_ON" }));
  const one = await (await app.request("/api/v1/nodes/n1/plan")).json();
  assert.equal(one.name, "n1");
  assert.equal(one.plan.steps.length, 1);
  const some = await (await app.request("/api/v1/plan?nodeset=n[1-2]")).json();
  assert.deepEqual(some.plans[0], one);
  assert.deepEqual(some.plans[1].plan, { ok: true, steps: [], cost: 0, duration: 0, suspended: [] });
  assert.equal((await (await app.request("/api/v1/plan")).json()).plans.length, 4, "its own among them");
  await assertProblem(await app.request("/api/v1/nodes/n7/plan"), 404, /No node 'n7'/);
  await assertProblem(await app.request("/api/v1/plan?nodeset=n[1-9]"), 404, /No nodes n\[4-9\]/);
});
