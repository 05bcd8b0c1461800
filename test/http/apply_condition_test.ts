import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp } from "../../aggregator/http/mod.ts";
import { createLog } from "../../src/log.ts";
import { createTestRoot } from "../support/root.ts";
import { assertProblem, send } from "./support.ts";

async function makeApp() {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  const { control, clock } = root;
  const app = createApp(control, { ...{ metrics: () => [], version: "1", log: createLog(() => {}), clock } });
  const cfg = { platform: "sim", parent: "root", arch: "x86_64" };
  const nodes = [{ name: "n1", cfg }, { name: "n9", cfg }];
  const apply = (ifMatch?: string, query = "") =>
    app.request(`/api/v1/apply${query}`, send("POST", { nodes }, ifMatch === undefined ? {} : { "if-match": ifMatch }));
  return { ...root, app, apply };
}

test("POST apply with the ETag of its dry run applies what was looked at", async () => {
  const { apply, cfg, patch } = await makeApp();
  const dry = await apply(undefined, "?dryRun=true");
  const etag = dry.headers.get("etag") ?? "";
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  patch("n2", { "/arch": "aarch64" }); // another node's cfg is not what was looked at
  const done = await apply(etag);
  assert.equal(done.status, 200);
  assert.equal(cfg("n9", "/arch"), "x86_64");
  assert.notEqual(done.headers.get("etag"), etag);
  assert.equal((await apply(done.headers.get("etag") ?? "")).status, 200);
});

test("POST apply with a stale If-Match answers 412 with the ETag of now, and applies nothing", async () => {
  const { apply, cfg, patch, control } = await makeApp();
  const etag = (await apply(undefined, "?dryRun=true")).headers.get("etag") ?? "";
  patch("n1", { "/arch": "aarch64" });
  for (const stale of [etag, '"0.1.1"', "nonsense", `W/${etag}`]) {
    const answer = await apply(stale);
    const now = answer.headers.get("etag");
    await assertProblem(answer, 412, /The cfg of these nodes has changed: their ETag is now "[0-9a-f]{32}"/);
    assert.notEqual(now, etag);
  }
  await assertProblem(await apply(etag, "?dryRun=true"), 412, /has changed/);
  assert.equal(cfg("n1", "/arch"), "aarch64");
  assert.equal(control.find("n9"), undefined);
  assert.equal((await apply("*")).status, 200);
});

test("POST apply with the ETag of the list of nodes applies while nothing at all has changed", async () => {
  const { apply, app, patch } = await makeApp();
  const etag = (await app.request("/api/v1/nodes")).headers.get("etag") ?? "";
  assert.equal((await apply(etag, "?dryRun=true")).status, 200);
  patch("n2", { "/arch": "aarch64" });
  await assertProblem(await apply(etag), 412, /has changed/);
});

test("a node that came or went since is a change", async () => {
  const { apply, control, idOf } = await makeApp();
  const without = (await apply(undefined, "?dryRun=true")).headers.get("etag") ?? "";
  const made = await apply();
  assert.equal(made.status, 200);
  await assertProblem(await apply(without), 412, /has changed/);
  const present = made.headers.get("etag") ?? "";
  assert.ok(control.remove([idOf("n9")]).ok);
  await assertProblem(await apply(present), 412, /has changed/);
});

test("an If-Match that nothing is compared with is refused, lest the write be taken for a conditional one", async () => {
  const { app, control } = await makeApp();
  const condition = { "if-match": '"0.1.1"' };
  for (
    const [method, path, body] of [
      ["PATCH", "/nodes?nodeset=n1", { platform: "x" }],
      ["POST", "/selection/patch", { nodeset: "n1", patch: { platform: "x" } }],
      ["POST", "/selection/delete", { nodeset: "n1" }],
      ["POST", "/engine/freeze", {}],
      ["POST", "/nodes/n1/retry", {}],
      ["PATCH", "/nodes/n1/dsc", { busy: "BUSY" }],
    ] as const
  ) {
    await assertProblem(
      await app.request(`/api/v1${path}`, send(method, body, condition)),
      400,
      /If-Match is not compared/,
    );
  }
  await assertProblem(
    await app.request("/api/v1/nodes?nodeset=n1", { method: "DELETE", headers: condition }),
    400,
    /If-Match/,
  );
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
  assert.equal(control.engine().frozen, false);
});
