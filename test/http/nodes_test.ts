import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeIdOf } from "../../src/state/mod.ts";
import { assertProblem, createTestApp, send } from "./support.ts";

const NODES = "/api/v1/nodes";

test("GET nodes lists all nodes under the revision's ETag, and answers 304 while nothing has changed", async () => {
  const { app, control } = await createTestApp();
  const first = await app.request(NODES);
  assert.equal(first.status, 200);
  const etag = first.headers.get("etag") ?? "";
  const { nodes } = await first.json();
  assert.deepEqual(nodes, control.list());
  for (const header of [etag, `W/${etag}`, `"0", ${etag}`, "*"]) {
    const again = await app.request(NODES, { headers: { "if-none-match": header } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  }
  await app.request(`${NODES}/n1/cfg`, send("PATCH", { platform: "other" }));
  const changed = await app.request(NODES, { headers: { "if-none-match": etag } });
  assert.equal(changed.status, 200);
  assert.equal((await changed.json()).nodes[0].platform, "other");
});

test("GET nodes takes a nodeset, and refuses names that are not there and texts that are none", async () => {
  const { app } = await createTestApp();
  const response = await app.request(`${NODES}?nodeset=${encodeURIComponent("n[2-3]")}`);
  const { nodes } = await response.json();
  assert.deepEqual(nodes.map(({ name }: { name: string }) => name), ["n2", "n3"]);
  assert.deepEqual(Object.keys(nodes[0]).includes("cfg"), false);
  await assertProblem(await app.request(`${NODES}?nodeset=n[2-9]`), 404, /^No nodes n\[4-9\] in cluster 'demo'$/m);
  await assertProblem(await app.request(`${NODES}?nodeset=n[2-`), 400, /position 5: the text ends there/);
});

test("GET of a node finds it by name and by id, with nested cfg and dsc", async () => {
  const { app } = await createTestApp();
  const byName = await (await app.request(`${NODES}/n2`)).json();
  assert.equal(byName.id, nodeIdOf("demo", "n2"));
  assert.equal(byName.version, "0.1.1");
  assert.deepEqual(byName.cfg, { name: "n2", parent: "root", platform: "sim" });
  assert.deepEqual(byName.dsc, { physState: "POWER_OFF" });
  assert.deepEqual(await (await app.request(`${NODES}/${byName.id}`)).json(), byName);
  await assertProblem(await app.request(`${NODES}/n9`), 404, /^No node 'n9' in cluster 'demo'$/m);
});

test("PATCH nodes changes every node of a nodeset and answers with differences and plans", async () => {
  const { app, control } = await createTestApp();
  const url = `${NODES}?nodeset=n[1-2]`;
  const response = await app.request(url, send("PATCH", { physState: "POWER_ON", parent: null }));
  assert.equal(response.status, 200);
  const { dryRun, changes } = await response.json();
  assert.equal(dryRun, false);
  assert.equal(changes.length, 2);
  assert.deepEqual(changes[0].differences, [{ url: "/parent", from: "root" }, { url: "/physState", to: "POWER_ON" }]);
  assert.deepEqual(changes[0].plan.steps[0].changes, { "/physState": ["POWER_OFF", "POWER_ON"] });
  assert.equal(control.find("n2")?.cfg.get("/physState"), "POWER_ON");
  assert.equal(control.find("n3")?.cfg.get("/physState"), undefined);
});

test("PATCH nodes with dryRun changes nothing", async () => {
  const { app, control } = await createTestApp();
  const response = await app.request(`${NODES}?nodeset=n1&dryRun=true`, send("PATCH", { physState: "POWER_ON" }));
  const { dryRun, changes } = await response.json();
  assert.equal(dryRun, true);
  assert.equal(changes[0].plan.steps.length, 1);
  assert.equal(control.find("n1")?.cfg.get("/physState"), undefined);
});

test("PATCH nodes changes all or none, and says of which nodes a problem is", async () => {
  const { app, control } = await createTestApp();
  const wrong = await app.request(`${NODES}?nodeset=n[1-3]`, send("PATCH", { platform: "x", physState: "ON" }));
  await assertProblem(wrong, 422, /^n\[1-3\]: \/physState is "ON": expected one of PHYS_UNKNOWN, /m);
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
  const missing = await app.request(`${NODES}?nodeset=n[3-4]`, send("PATCH", { platform: "x" }));
  await assertProblem(missing, 404, /No nodes n4/);
  assert.equal(control.find("n3")?.cfg.get("/platform"), "sim");
});

test("PATCH nodes wants a nodeset", async () => {
  const { app } = await createTestApp();
  await assertProblem(await app.request(NODES, send("PATCH", {})), 400, /'nodeset' is missing/);
});

test("POST apply makes nodes have the cfg that is given, and creates those that are not there", async () => {
  const { app, control } = await createTestApp();
  const id = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
  const nodes = [{ name: "n1", cfg: { platform: "sim" } }, {
    name: "n9",
    id,
    cfg: { services: { a: { state: "RUN" } } },
  }];
  const dry = await (await app.request("/api/v1/apply?dryRun=true", send("POST", { nodes }))).json();
  assert.equal(dry.dryRun, true);
  assert.equal(control.find("n9"), undefined);
  const { dryRun, changes } = await (await app.request("/api/v1/apply", send("POST", { nodes }))).json();
  assert.equal(dryRun, false);
  assert.deepEqual(changes.map(({ created }: { created: boolean }) => created), [false, true]);
  assert.deepEqual(changes[0].differences, [{ url: "/parent", from: "root" }]);
  assert.deepEqual(control.find(id)?.cfg, new Map([["/services/a/state", "RUN"], ["/name", "n9"]]));
});

test("POST apply names the place of everything that is wrong", async () => {
  const { app, control } = await createTestApp();
  const nodes = [
    { name: "n1", cfg: { physState: "ON" } },
    { name: "-", id: "x", cfg: 1, colour: "red" },
    "n3",
    { name: "n4" },
    { name: "n1", cfg: { platform: "x" } },
  ];
  const details = await assertProblem(await app.request("/api/v1/apply", send("POST", { nodes })), 422, /6 problems/);
  const keys = "an object with name, id, cfg, ifVersion";
  assert.deepEqual(details.errors, [
    { pointer: "/nodes/1/name", detail: 'nodes[1].name is "-": expected a node name, such as n7' },
    { pointer: "/nodes/1/id", detail: 'nodes[1].id is "x": expected a UUID' },
    { pointer: "/nodes/1/cfg", detail: "nodes[1].cfg is 1: expected an object" },
    { pointer: "/nodes/1/colour", detail: `nodes[1].colour is unknown: expected ${keys}` },
    { pointer: "/nodes/2", detail: `nodes[2] is "n3": expected ${keys}` },
    { pointer: "/nodes/3/cfg", detail: `nodes[3].cfg is missing: expected ${keys}` },
  ]);
  const wrong = await app.request("/api/v1/apply", send("POST", { nodes: [nodes[0]] }));
  const { errors } = await assertProblem(wrong, 422, /nodes\[0\] \(n1\): \/physState is "ON": expected one of/);
  assert.equal(errors?.[0]?.pointer, "/nodes/0/cfg/physState");
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
  await assertProblem(await app.request("/api/v1/apply", send("POST", [])), 422, /expected an object with nodes/);
  await assertProblem(await app.request("/api/v1/apply", send("POST", { nodes: [], x: 1 })), 422, /expected an object/);
});

test("at most 100 problems are listed", async () => {
  const { app } = await createTestApp();
  const nodes = Array.from({ length: 150 }, () => 1);
  const details = await assertProblem(await app.request("/api/v1/apply", send("POST", { nodes })), 422, /150 problems/);
  assert.equal(details.errors?.length, 101);
  assert.deepEqual(details.errors?.at(-1), { detail: "... and 50 more" });
});
