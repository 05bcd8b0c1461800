import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { createApiClient } from "../../src/api/client/mod.ts";
import { assertProblem, createCheckedApp, createTestApp, send } from "../http/support.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { createTestRoot } from "../support/root.ts";

const cfg = { platform: "sim", parent: "root" };

async function makeApp(requireConditions = false) {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  const log = createLog(() => {});
  const app = createCheckedApp(root.control, {
    ...{ metrics: () => [], version: "1", log, clock: root.clock, requireConditions },
  });
  return { ...root, app };
}

test("the same request with the same Idempotency-Key is done once, and answered alike", async () => {
  const { app, control, idOf, clock } = await makeApp();
  const apply = (key: string, name: string) =>
    app.request("/api/v1/apply", send("POST", { nodes: [{ name, cfg }] }, { "idempotency-key": key }));
  const [first, again] = await Promise.all([apply("a", "n9"), apply("a", "n9")]);
  const text = await first.text();
  assert.equal(await again.text(), text, "even while the first is on its way");
  assert.equal(again.headers.get("etag"), first.headers.get("etag"));
  assert.ok(control.remove([idOf("n9")]).ok);
  assert.equal(await (await apply("a", "n9")).text(), text);
  assert.equal(control.find("n9"), undefined, "it is not done again");
  await assertProblem(await apply("a", "n8"), 422, /Idempotency-Key 'a' was sent before, with another request/);
  assert.equal((await apply("b", "n9")).status, 200);
  assert.ok(control.remove([idOf("n9")]).ok);
  await clock.advance(600_000);
  assert.equal((await apply("a", "n9")).status, 200, "it is forgotten after 10 minutes");
  assert.ok(control.find("n9") !== undefined);
});

test("what was refused may be sent again with the same Idempotency-Key", async () => {
  const { app, control } = await makeApp();
  const adopt = () =>
    app.request(
      "/api/v1/discovered/52:54:00:77:00:07/adopt",
      send("POST", { name: "n7", parent: "rack9" }, { "idempotency-key": "a" }),
    );
  await assertProblem(await adopt(), 422, /rack9/);
  assert.ok(control.apply([{ name: "rack9", cfg: new Map([["/role", "AGGREGATOR"], ["/parent", "root"]]) }], {}).ok);
  assert.equal((await adopt()).status, 201);
});

test("an Idempotency-Key that nothing is kept under is refused", async () => {
  const { app } = await makeApp();
  const key = { "idempotency-key": "a" };
  const patch = await app.request("/api/v1/nodes/n1/cfg", send("PATCH", { platform: "x" }, key));
  await assertProblem(patch, 400, /Idempotency-Key is not heeded here/);
  await assertProblem(
    await app.request("/api/v1/engine/freeze", send("POST", {}, { "idempotency-key": "x".repeat(201) })),
    400,
    /expected 1 to 200 printable characters/,
  );
});

test("with Prefer: respond-async a change is answered 202 with an operation that tells what came of it", async () => {
  const { app, control } = await createTestApp();
  const prefer = { prefer: "respond-async, wait=0" };
  const accepted = await app.request("/api/v1/apply", send("POST", { nodes: [{ name: "n9", cfg }] }, prefer));
  assert.equal(accepted.status, 202);
  assert.equal(accepted.headers.get("preference-applied"), "respond-async");
  const location = accepted.headers.get("location") ?? "";
  const { id, state } = await accepted.json();
  assert.deepEqual([location, state], [`/api/v1/operations/${id}`, "running"]);
  const told = await waitFor("it has ended", async () => {
    const now = await (await app.request(location)).json();
    return now.state === "running" ? undefined : now;
  });
  assert.deepEqual([told.operation, told.state, told.status], ["apply", "done", 200]);
  assert.equal(told.answer.changes[0].name, "n9");
  assert.ok(control.find("n9") !== undefined);
  const { operations } = await (await app.request("/api/v1/operations")).json();
  assert.deepEqual(operations.map((each: { id: string }) => each.id), [id]);
  const odd = { nodes: [{ name: "n8", cfg: { parent: "x" } }] };
  await assertProblem(await app.request("/api/v1/apply", send("POST", odd, prefer)), 422, /x/);
  await assertProblem(await app.request("/api/v1/operations/odd"), 404, /No operation 'odd'/);
});

test("a patient client follows what takes long, and has its answer in the end", async () => {
  const { app } = await createTestApp();
  const paths: string[] = [];
  const client = createApiClient({
    server: "http://localhost",
    fetch: async (url, init) => {
      paths.push(new URL(String(url)).pathname);
      const headers = new Headers(init?.headers);
      if (headers.has("prefer")) headers.set("prefer", "respond-async, wait=0");
      return await app.request(String(url), { ...init, headers });
    },
  });
  const answer = await client.call("apply", { body: { nodes: [{ name: "n9", cfg }] } }, { patient: true });
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.equal(answer.value.groups[0]?.nodeset, "n9");
  assert.match(paths.join(" "), /^\/api\/v1\/apply( \/api\/v1\/operations\/[0-9a-f-]+)+$/);
  const refused = await client.call("apply", { body: { nodes: [{ name: "n8", cfg: { parent: "x" } }] } }, {
    patient: true,
  });
  assert.ok(
    !refused.ok && refused.failure.kind === "refused" && refused.failure.status === 422,
    JSON.stringify(refused),
  );
});

test("a change that is done in time is answered as any other, and leaves no operation", async () => {
  const { app } = await makeApp();
  const body = { nodes: [{ name: "n9", cfg }] };
  assert.equal((await app.request("/api/v1/apply", send("POST", body, { prefer: "respond-async" }))).status, 200);
  assert.deepEqual(await (await app.request("/api/v1/operations")).json(), { operations: [] });
});

test("where conditions are required, a change without one is refused with 428, and a dry run is none", async () => {
  const { app, control } = await makeApp(true);
  const apply = (nodes: unknown, headers = {}, query = "") =>
    app.request(`/api/v1/apply${query}`, send("POST", { nodes }, headers));
  const plain = [{ name: "n1", cfg: { ...cfg, arch: "x86_64" } }];
  await assertProblem(await apply(plain), 428, /If-Match is missing.*--require-conditions/);
  for (
    const [method, path, body] of [
      ["PATCH", "/nodes/n1/cfg", { platform: "x" }],
      ["PATCH", "/nodes?nodeset=n1", { platform: "x" }],
      ["POST", "/selection/patch", { nodeset: "n1", patch: { platform: "x" } }],
      ["DELETE", "/nodes/n1", undefined],
      ["DELETE", "/nodes?nodeset=n1", undefined],
      ["POST", "/engine/freeze", {}],
      ["POST", "/discovered/52:54:00:77:00:07/adopt", { name: "n7" }],
    ] as const
  ) {
    const init = body === undefined ? { method } : send(method, body);
    await assertProblem(await app.request(`/api/v1${path}`, init), 428, /If-Match is missing/);
  }
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
  const dry = await apply(plain, {}, "?dryRun=true");
  assert.equal(dry.status, 200);
  assert.equal((await apply(plain, { "if-match": dry.headers.get("etag") ?? "" })).status, 200);
  assert.equal((await apply(plain.map((node) => ({ ...node, ifVersion: "0.1.2" })))).status, 200);
  assert.equal((await app.request("/api/v1/nodes/n2", { method: "DELETE", headers: { "if-match": "*" } })).status, 200);
  assert.equal((await app.request("/api/v1/nodes/n1/retry", { method: "POST" })).status, 200, "it sets nothing");
});

test("two who write what they have read: one wins, and the other is told the ETag of now", async () => {
  const { app, control } = await makeApp();
  const etag = (await app.request("/api/v1/nodes/n1/cfg")).headers.get("etag") ?? "";
  const write = (platform: string) =>
    app.request("/api/v1/nodes/n1/cfg", send("PATCH", { platform }, { "if-match": etag }));
  for (let round = 0; round < 5; round++) {
    const both = await Promise.all([write(`a${round}`), write(`b${round}`)]);
    const statuses = both.map(({ status }) => status);
    assert.deepEqual(statuses.sort(), round === 0 ? [200, 412] : [412, 412]);
    const now = (await app.request("/api/v1/nodes/n1/cfg")).headers.get("etag");
    for (const answer of both) if (answer.status === 412) assert.equal(answer.headers.get("etag"), now);
  }
  assert.match(String(control.find("n1")?.cfg.get("/platform")), /^[ab]0$/);
});
