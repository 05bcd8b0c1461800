import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, createTestApp, send } from "./support.ts";

const WRITES = [
  ["PATCH", "/api/v1/nodes/n1/cfg", { platform: "other" }],
  ["PATCH", "/api/v1/nodes?nodeset=n1", { platform: "other" }],
  ["POST", "/api/v1/apply?dryRun=true", { nodes: [] }],
  ["DELETE", "/api/v1/nodes/n1", undefined],
  ["DELETE", "/api/v1/nodes?nodeset=n1", undefined],
  ["POST", "/api/v1/engine/freeze", { nodeset: "n1" }],
] as const;

test("changes of desired state at an aggregator below the root are answered with the root's address, and change nothing", async () => {
  const { app, control } = await createTestApp();
  control.send({ what: "the root", api: "http://127.0.0.1:3141" });
  const before = control.revision();
  for (const [method, path, body] of WRITES) {
    const response = await app.request(path, body === undefined ? { method } : send(method, body));
    assert.equal(response.headers.get("location"), `http://127.0.0.1:3141${path}`);
    await assertProblem(response, 307, /Only the root takes .*: ask http:\/\/127\.0\.0\.1:3141/);
  }
  assert.equal(control.revision(), before);
  assert.deepEqual(control.asked, []);
});

test("where the root's address is not known, changes are refused with 503", async () => {
  const { app, control } = await createTestApp();
  control.send({ what: "the root" });
  const response = await app.request("/api/v1/nodes/n1/cfg", send("PATCH", { platform: "other" }));
  await assertProblem(response, 503, /its address is not known here/);
});

test("reports and explanations of a node are sent to the aggregator that serves it; reading and freezing everything is not", async () => {
  const { app, control } = await createTestApp();
  control.send({ what: "aggregator 'rack1'", api: "http://127.0.0.1:3151/" });
  const response = await app.request("/api/v1/nodes/n1/explain");
  assert.equal(response.headers.get("location"), "http://127.0.0.1:3151/api/v1/nodes/n1/explain");
  assert.equal((await app.request("/api/v1/nodes/n1/dsc", send("PATCH", { busy: "BUSY" }))).status, 307);
  assert.equal((await app.request("/api/v1/nodes/n1")).status, 200);
  assert.equal((await app.request("/api/v1/tree")).status, 200);
  assert.equal((await app.request("/api/v1/engine/freeze", { method: "POST" })).status, 200);
  await assertProblem(await app.request("/api/v1/nodes/n9/explain"), 404, /No node 'n9'/);
});

test("explanations of many nodes say who serves them, and a node that is not here may be the root's to know", async () => {
  const { app, control } = await createTestApp();
  control.send({ what: "aggregator 'rack1'", api: "http://127.0.0.1:3151" });
  const { explanations } = await (await app.request("/api/v1/explain?nodeset=n1")).json();
  assert.equal(explanations[0].servedAt, "http://127.0.0.1:3151");
  const detail =
    /^No node 'n9' below 'root'; the root knows all nodes of cluster 'demo': ask http:\/\/127\.0\.0\.1:3151$/m;
  await assertProblem(await app.request("/api/v1/nodes/n9"), 404, detail);
  await assertProblem(await app.request("/api/v1/nodes?nodeset=n9"), 404, /^No nodes n9 below 'root'; the root knows/m);
});
