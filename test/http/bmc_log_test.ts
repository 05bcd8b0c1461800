import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { assertProblem, createCheckedApp } from "./support.ts";
import { createTestControl } from "./test_control.ts";

type Logs = NonNullable<Parameters<typeof createCheckedApp>[1]["logs"]>;

async function appWith(read: Logs["read"] | undefined) {
  const control = await createTestControl(["n1", "n2"]);
  const log = createLog(() => {});
  return createCheckedApp(control, {
    metrics: () => [],
    version: "1",
    log,
    ...(read !== undefined && { logs: { read } }),
  });
}

test("GET bmc/log answers with what the controller of the node says at that moment", async () => {
  const asked: unknown[] = [];
  const entry = { id: "1", log: "SEL", time: "2026-12-01T03:05:00.000Z", severity: "OK", message: "Fan failed" };
  const app = await appWith(async ({ name, platform }, count) => {
    asked.push([name, typeof platform, count]);
    return { ok: true, entries: [entry] };
  });
  const answer = await app.request("/api/v1/nodes/n1/bmc/log");
  assert.equal(answer.status, 200);
  const { id, ...rest } = await answer.json();
  assert.equal(typeof id, "string");
  assert.deepEqual(rest, { name: "n1", entries: [entry] });
  await app.request("/api/v1/nodes/n1/bmc/log?count=100");
  assert.deepEqual(asked, [["n1", "string", 20], ["n1", "string", 100]]);
});

test("GET bmc/log refuses counts and nodes that are none, and anything but GET", async () => {
  const app = await appWith(async () => ({ ok: true, entries: [] }));
  for (const count of ["0", "101", "-1", "x", "", "1e2"]) {
    await assertProblem(await app.request(`/api/v1/nodes/n1/bmc/log?count=${count}`), 400, /from 1 to 100/);
  }
  await assertProblem(await app.request("/api/v1/nodes/n1/bmc/log?n=5"), 400, /Parameter 'n' is unknown/);
  await assertProblem(await app.request("/api/v1/nodes/n9/bmc/log"), 404, /No node 'n9'/);
  await assertProblem(await app.request("/api/v1/nodes/n1/bmc/log", { method: "DELETE" }), 405, /expected GET, HEAD/);
});

test("GET bmc/log says in words why there is no log: 404, 422 or 503, and never 500", async () => {
  for (const [kind, status] of [["none", 404], ["mistake", 422], ["silent", 503]] as const) {
    const app = await appWith(async () => ({ ok: false, kind, why: `It is ${kind}` }));
    await assertProblem(await app.request("/api/v1/nodes/n1/bmc/log"), status, new RegExp(`It is ${kind}`));
  }
  const app = await appWith(undefined);
  await assertProblem(await app.request("/api/v1/nodes/n1/bmc/log"), 404, /no modules that read event logs/);
});
