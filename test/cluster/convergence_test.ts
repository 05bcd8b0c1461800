import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualCluster } from "../support/virtual_cluster.ts";

const SYNC = { "/physState": "POWER_ON", "/runState": "SYNC" };

test("a cluster goes from POWER_OFF to SYNC by its desired state", async () => {
  const cluster = await createVirtualCluster(4);
  for (const { name } of cluster.machines) cluster.set(name, { ...SYNC, "/services/web/state": "RUN" });
  await cluster.converge();
  for (const machine of cluster.machines) {
    assert.deepEqual(machine.orders, ["on"]);
    assert.ok(machine.services.get("web"));
    assert.equal(cluster.shown(machine.name).runState, "SYNC");
  }
  await cluster.stop();
});
