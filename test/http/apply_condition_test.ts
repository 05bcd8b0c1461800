import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { createTestRoot } from "../support/root.ts";
import { assertProblem, createCheckedApp, send } from "./support.ts";

async function makeApp() {
  const root = await createTestRoot({ names: ["n1", "n2"] });
  const { control, clock } = root;
  const app = createCheckedApp(control, { ...{ metrics: () => [], version: "1", log: createLog(() => {}), clock } });
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
    await assertProblem(answer, 412, /The cfg of these nodes has changed: its ETag is now "[0-9a-f]{32}"/);
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
      ["POST", "/engine/release", {}],
      ["POST", "/nodes/n1/retry", {}],
      ["POST", "/explain?nodeset=n1", { platform: "x" }],
      ["PATCH", "/nodes/n1/dsc", { busy: "BUSY" }],
    ] as const
  ) {
    await assertProblem(
      await app.request(`/api/v1${path}`, send(method, body, condition)),
      400,
      /If-Match is not compared/,
    );
  }
  assert.equal(control.find("n1")?.dsc.get("/busy"), undefined);
});

test("writes of many nodes go by the ETag of a dry run too, in either form", async () => {
  const { app, cfg, patch, control } = await makeApp();
  const write = (path: string, method: string, body: unknown, ifMatch: string) =>
    app.request(`/api/v1${path}`, send(method, body, { "if-match": ifMatch }));
  const dry = await app.request("/api/v1/nodes?nodeset=n[1-2]&dryRun=true", send("PATCH", { arch: "x86_64" }));
  const etag = dry.headers.get("etag") ?? "";
  const done = await write("/nodes?nodeset=n[1-2]", "PATCH", { arch: "x86_64" }, etag);
  assert.equal(done.status, 200);
  assert.notEqual(done.headers.get("etag"), etag);
  const selection = { nodeset: "n[1-2]", patch: { arch: "aarch64" } };
  for (
    const stale of [
      await write("/nodes?nodeset=n[1-2]", "PATCH", { arch: "aarch64" }, etag),
      await write("/selection/patch", "POST", selection, etag),
      await write("/nodes?nodeset=n[1-2]", "DELETE", undefined, etag),
      await write("/selection/delete", "POST", { nodeset: "n[1-2]" }, etag),
      await write("/engine/freeze", "POST", { nodeset: "n[1-2]" }, etag),
    ]
  ) {
    assert.equal(stale.headers.get("etag"), done.headers.get("etag"));
    await assertProblem(stale, 412, /The cfg of these nodes has changed/);
  }
  assert.equal(cfg("n1", "/arch"), "x86_64");
  assert.equal((await write("/selection/patch", "POST", selection, done.headers.get("etag") ?? "")).status, 200);
  patch("n2", { "/arch": "x86_64" });
  assert.equal(control.find("n1")?.cfg.get("/arch"), "aarch64");
});

test("a freeze of everything goes by the ETag of the engine", async () => {
  const { app, control } = await makeApp();
  const etag = (await app.request("/api/v1/engine")).headers.get("etag") ?? "";
  const steer = (verb: string) => app.request(`/api/v1/engine/${verb}`, send("POST", {}, { "if-match": etag }));
  assert.equal((await steer("freeze")).status, 200);
  const stale = await steer("thaw");
  assert.equal(stale.headers.get("etag"), '"frozen"');
  await assertProblem(stale, 412, /Whether everything is frozen has changed/);
  assert.equal(control.engine().frozen, true);
});

test("each node of a write of many may have the version that it must still have, and all are named that have another", async () => {
  const { app, cfg, patch } = await makeApp();
  const apply = (nodes: unknown) => app.request("/api/v1/apply", send("POST", { nodes }));
  const wanted = { platform: "sim", parent: "root", arch: "x86_64" };
  patch("n1", { "/arch": "aarch64" });
  const refused = await apply([
    { name: "n1", cfg: wanted, ifVersion: "0.1.1" },
    { name: "n2", cfg: wanted, ifVersion: "0.1.1" },
    { name: "n9", cfg: wanted, ifVersion: "0.1.1" },
  ]);
  const { errors } = await assertProblem(refused, 412, /2 problems/);
  assert.deepEqual(errors?.map(({ detail }) => detail), [
    "The cfg of node 'n1' has changed: there is version 0.1.2, expected version 0.1.1",
    "The cfg of node 'n9' has changed: there is no node, expected version 0.1.1",
  ]);
  assert.equal(cfg("n2", "/arch"), undefined);
  const made = await apply([{ name: "n1", cfg: wanted, ifVersion: "0.1.2" }, {
    name: "n9",
    cfg: wanted,
    ifVersion: null,
  }]);
  assert.equal(made.status, 200, await made.text());
  const body = { nodeset: "n[1,9]", patch: { arch: "aarch64" }, ifVersions: { n9: "0.1.9" } };
  await assertProblem(
    await app.request("/api/v1/selection/patch", send("POST", body)),
    412,
    /'n9'.*expected version 0\.1\.9/,
  );
});
