import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { createVirtualCluster } from "../support/virtual_cluster.ts";
import { assertProblem, createCheckedApp, createTestApp } from "./support.ts";

const NODES = "/api/v1/nodes";

test("DELETE of a node forgets it, and only when If-Match fits", async () => {
  const { app, control } = await createTestApp();
  const stale = await app.request(`${NODES}/n1`, { method: "DELETE", headers: { "if-match": '"0.9.9"' } });
  await assertProblem(stale, 412, /its ETag is now "0\.1\.1"/);
  assert.notEqual(control.find("n1"), undefined);
  const deleted = await app.request(`${NODES}/n1`, { method: "DELETE", headers: { "if-match": '"0.1.1"' } });
  assert.deepEqual(await deleted.json(), { deleted: [{ id: nodeIdOf("demo", "n1"), name: "n1" }] });
  assert.equal(control.find("n1"), undefined);
  await assertProblem(await app.request(`${NODES}/n1`, { method: "DELETE" }), 404, /No node 'n1'/);
});

test("DELETE of a nodeset forgets all of it or none, and never everything by a slip", async () => {
  const { app, control } = await createTestApp();
  await assertProblem(await app.request(NODES, { method: "DELETE" }), 400, /'nodeset' is missing/);
  const some = await app.request(`${NODES}?nodeset=n%5B2-9%5D`, { method: "DELETE" });
  await assertProblem(some, 404, /No nodes n\[4-9\]/);
  assert.deepEqual(control.list().map(({ name }) => name), ["n1", "n2", "n3", "root"]);
  const both = await app.request(`${NODES}?nodeset=n%5B2-3%5D`, { method: "DELETE" });
  assert.equal((await both.json()).deleted.length, 2);
  assert.deepEqual(control.list().map(({ name }) => name), ["n1", "root"]);
});

test("DELETE refuses the aggregator's own node, with the others of its nodeset", async () => {
  const cluster = await createVirtualCluster(1);
  try {
    const { control } = cluster.aggregator;
    const app = createCheckedApp(control, {
      metrics: () => [],
      version: "1",
      log: createLog(() => {}),
      clock: cluster.clock,
    });
    const response = await app.request(`${NODES}?nodeset=n1,${control.name}`, { method: "DELETE" });
    await assertProblem(response, 422, /it is this aggregator's own node/);
    assert.notEqual(control.find("n1"), undefined);
    assert.equal((await app.request(`${NODES}/n1`, { method: "DELETE" })).status, 200);
    assert.equal(control.find("n1"), undefined);
  } finally {
    await cluster.stop();
  }
});
