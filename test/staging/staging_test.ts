import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import type { StagedUntil } from "../../aggregator/staging/staging.ts";
import type { Value } from "../../src/state/mod.ts";
import { createTestRoot, type TestRoot } from "../support/root.ts";

/** A node that is on, in SYNC. */
async function make(store = openMemoryStore()): Promise<TestRoot> {
  const root = await createTestRoot({ names: ["n1", "n2"], store });
  root.discover("n1", { "/physState": "POWER_ON" });
  return root;
}
function stage(root: TestRoot, values: Record<string, Value | null>, until: StagedUntil, names = ["n1"]) {
  const patches = names.map((name) => ({ id: root.idOf(name), values: new Map(Object.entries(values)) }));
  return root.control.staging.stage(patches, until);
}
function events(root: TestRoot): string {
  return root.control.events(0, 1_000).map(({ node, kind, why }) => `${node} ${kind} ${why}`).join("\n");
}

test("cfg that is staged until the next boot takes effect when the machine is off, and not before", async () => {
  const root = await make();
  assert.deepEqual(stage(root, { "/rack": "r1" }, "boot"), { ok: true });
  assert.equal(root.cfg("n1", "/rack"), undefined);
  assert.equal(root.control.staging.of(root.idOf("n1"))?.until, "boot");
  root.discover("n1", { "/physState": "POWER_OFF" });
  assert.equal(root.cfg("n1", "/rack"), "r1");
  assert.equal(root.control.staging.of(root.idOf("n1")), undefined);
  assert.match(events(root), /n1 cfg staged cfg takes effect: \/rack="r1"/);
});

test("cfg that is staged for a machine that is off takes effect at once", async () => {
  const root = await make();
  assert.deepEqual(stage(root, { "/rack": "r1" }, "boot", ["n2"]), { ok: true });
  assert.equal(root.cfg("n2", "/rack"), "r1");
});

test("cfg that is staged until a node is free takes effect when its scheduler says so", async () => {
  const root = await make();
  const busy = (value: string) => root.control.report(root.idOf("n1"), new Map([["/busy", value]]));
  busy("BUSY");
  assert.deepEqual(stage(root, { "/rack": "r1" }, "free"), { ok: true });
  assert.equal(root.cfg("n1", "/rack"), undefined);
  busy("FREE");
  assert.equal(root.cfg("n1", "/rack"), "r1");
});

test("what can't be written can't be staged, all or none", async () => {
  const root = await make();
  const done = stage(root, { "/no/such": 1 }, "boot");
  assert.equal(done.ok ? "" : done.kind, "invalid");
  assert.deepEqual(stage(root, {}, "boot"), {
    ok: false,
    kind: "invalid",
    problems: ["The patch is empty: expected some values"],
  });
  const values = new Map([["/rack", "r"]]);
  const patches = [root.idOf("n1"), "gone"].map((id) => ({ id, values }));
  assert.equal(root.control.staging.stage(patches, "boot").ok, false);
  assert.equal(root.control.staging.of(root.idOf("n1")), undefined);
});

test("what has become wrong by its moment stays staged, with the reason, and is said once", async () => {
  const root = await make();
  root.patch("n2", { "/ipv4/mac": null });
  assert.deepEqual(stage(root, { "/ipv4/mac": "02:00:00:00:00:01" }, "boot"), { ok: true });
  root.patch("n2", { "/ipv4/mac": "02:00:00:00:00:01" });
  root.discover("n1", { "/physState": "POWER_OFF" });
  assert.match(root.control.staging.of(root.idOf("n1"))?.problem ?? "", /02:00:00:00:00:01/);
  root.discover("n1", { "/physState": "POWER_ON" });
  root.discover("n1", { "/physState": "POWER_OFF" });
  assert.equal(events(root).match(/staged cfg can't be written/g)?.length, 1);
});

test("staged cfg can be taken back, goes with its node, and outlives a restart", async () => {
  const store = openMemoryStore();
  const first = await make(store);
  stage(first, { "/rack": "r1" }, "boot");
  assert.deepEqual(first.control.staging.unstage([first.idOf("n1")]), { ok: true });
  first.discover("n1", { "/physState": "POWER_OFF" });
  assert.equal(first.cfg("n1", "/rack"), undefined);
  first.discover("n1", { "/physState": "POWER_ON" });
  stage(first, { "/rack": "r2" }, "boot");
  await first.aggregator.stop();
  const second = await createTestRoot({ store });
  assert.deepEqual([...second.control.staging.of(second.idOf("n1"))?.values ?? []], [["/rack", "r2"]]);
  assert.deepEqual(second.control.remove([second.idOf("n1")]), { ok: true });
  assert.equal(second.control.staging.of(second.idOf("n1")), undefined);
});
