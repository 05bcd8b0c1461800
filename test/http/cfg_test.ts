import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, createTestApp, send } from "./support.ts";
import { at } from "../support/versions.ts";
import { type Refusal } from "../../src/toolkit/mod.ts";

const CFG = "/api/v1/nodes/n1/cfg";

test("GET cfg answers nested under the ETag of its version", async () => {
  const { app } = await createTestApp();
  const response = await app.request(CFG);
  assert.equal(response.headers.get("etag"), '"0.1.1"');
  assert.deepEqual(await response.json(), { name: "n1", parent: "root", platform: "sim" });
  assert.equal((await app.request(CFG, { headers: { "if-none-match": '"0.1.1"' } })).status, 304);
});

test("PATCH cfg is a JSON Merge Patch: null unsets, objects merge", async () => {
  const { app } = await createTestApp();
  const set = {
    services: { a: { config: { command: "x", env: { A: "1", B: "2" } }, state: "RUN" } },
    physState: "POWER_ON",
  };
  assert.equal((await app.request(CFG, send("PATCH", set))).status, 200);
  const type = "Application/Merge-Patch+JSON; charset=utf-8";
  const patch = { services: { a: { config: { env: { A: null, C: "3" } } } }, platform: null };
  const response = await app.request(CFG, send("PATCH", patch, { "content-type": type }));
  const { cfg, version, differences } = await response.json();
  assert.deepEqual(cfg, {
    name: "n1",
    parent: "root",
    physState: "POWER_ON",
    services: { a: { config: { command: "x", env: { B: "2", C: "3" } }, state: "RUN" } },
  });
  assert.equal(response.headers.get("etag"), '"0.1.3"');
  assert.equal(version, "0.1.3");
  assert.deepEqual(differences.map(({ url }: { url: string }) => url), ["/platform", "/services/a/config"]);
  const gone = await (await app.request(CFG, send("PATCH", { services: { a: null }, bmc: null }))).json();
  assert.deepEqual(gone.cfg, { name: "n1", parent: "root", physState: "POWER_ON" });
});

test("PATCH cfg answers with the plan", async () => {
  const { app } = await createTestApp();
  const { plan } = await (await app.request(CFG, send("PATCH", { physState: "POWER_ON" }))).json();
  assert.deepEqual(plan, {
    ok: true,
    cost: 1,
    duration: 7500,
    suspended: [],
    steps: [{
      key: "simpower/power-on",
      module: "simpower",
      mutation: "power-on",
      bindings: {},
      context: "parent",
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 30_000,
      disruption: 1,
      duration: 7500,
      after: [],
    }],
  });
});

test("F9: PATCH cfg accepts a goal that can't be reached, and the answer says why", async () => {
  const { app, control } = await createTestApp();
  const response = await app.request(CFG, send("PATCH", { physState: "PHYS_HANG" }));
  assert.equal(response.status, 200);
  const { plan } = await response.json();
  assert.equal(plan.ok, false);
  assert.match(plan.reason, /\/physState/);
  assert.equal(plan.noPlan.kind, "unreachable");
  assert.equal(control.find("n1")?.cfg.get("/physState"), "PHYS_HANG");
});

test("PATCH cfg with dryRun answers the same and changes nothing", async () => {
  const { app, control } = await createTestApp();
  const response = await app.request(`${CFG}?dryRun=true`, send("PATCH", { physState: "POWER_ON" }));
  const { dryRun, cfg, plan } = await response.json();
  assert.equal(dryRun, true);
  assert.equal(cfg.physState, "POWER_ON");
  assert.equal(plan.steps.length, 1);
  assert.equal(response.headers.get("etag"), '"0.1.1"');
  assert.equal(control.find("n1")?.cfg.get("/physState"), undefined);
});

test("a parameter that is misspelt or wrong is refused, lest a dry run be none", async () => {
  const { app, control } = await createTestApp();
  const body = send("PATCH", { platform: "x" });
  await assertProblem(await app.request(`${CFG}?dryrun=true`, body), 400, /'dryrun' is unknown: expected dryRun/);
  await assertProblem(await app.request(`${CFG}?dryRun=yes`, body), 400, /'dryRun' is 'yes': expected true or false/);
  await assertProblem(await app.request(`${CFG}?x=1`), 400, /'x' is unknown: expected none/);
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
});

test("PATCH cfg with If-Match writes only the version that was read", async () => {
  const { app, control } = await createTestApp();
  const patch = (ifMatch: string, platform: string) =>
    app.request(CFG, send("PATCH", { platform }, { "if-match": ifMatch }));
  assert.equal((await patch('"0.1.1"', "a")).status, 200);
  const stale = await patch('"0.1.1"', "b");
  assert.equal(stale.headers.get("etag"), '"0.1.2"');
  await assertProblem(stale, 412, /its ETag is now "0\.1\.2"/);
  await assertProblem(await patch('W/"0.1.2"', "b"), 412, /now "0\.1\.2"/); // If-Match compares strongly
  await assertProblem(await patch("nonsense", "b"), 412, /now "0\.1\.2"/);
  assert.equal(control.find("n1")?.cfg.get("/platform"), "a");
  assert.equal((await patch('"0.1.1", "0.1.2"', "c")).status, 200);
  assert.equal((await patch("*", "d")).status, 200);
  assert.equal(control.find("n1")?.cfg.get("/platform"), "d");
});

test("PATCH cfg refuses wrong values and unknown variables, all of them at once", async () => {
  const { app, control } = await createTestApp();
  const patch = {
    physState: "ON",
    platform: 7,
    colour: "red",
    services: { a: { config: { env: {} } }, b: { y: 1 } },
  };
  const details = await assertProblem(await app.request(CFG, send("PATCH", patch)), 422, /5 problems/);
  assert.deepEqual(
    details.errors?.map(({ detail }) => detail),
    [
      '/physState is "ON": expected one of PHYS_UNKNOWN, POWER_OFF, POWER_ON, POWER_CYCLE, PHYS_HANG, PHYS_ERROR',
      "/platform is 7: expected a string of at most 32 characters",
      "'/colour' is not a state variable that this program knows",
      "/services/a/config/command is missing: expected a string",
      "'/services/b/y' is not a state variable that this program knows",
    ],
  );
  assert.deepEqual(control.find("n1")?.version, at(1, 1));
});

test("PATCH cfg can't reach the prototype of objects", async () => {
  const { app } = await createTestApp();
  for (
    const services of [
      '{"__proto__":{"state":"RUN"}}',
      '{"a":{"config":{"command":"x","env":{"__proto__":{}}}}}',
      '{"a":{"state":"RUN"},"b":{"__proto__":{"state":"RUN"}}}',
    ]
  ) {
    const headers = { "content-type": "application/json" };
    const response = await app.request(CFG, { method: "PATCH", headers, body: `{"services":${services}}` });
    await assertProblem(response, 400, /The body has a key '__proto__'/);
  }
  assert.equal(Object.hasOwn(Object.prototype, "state"), false);
});

test("a body that gives a key twice is refused, as one of the two would not count", async () => {
  const { app, control } = await createTestApp();
  const headers = { "content-type": "application/json" };
  const patch = (body: string) => app.request(CFG, { method: "PATCH", headers, body });
  for (const body of ['{"platform":"a","platform":"b"}', '{"services":{"a":{"state":"RUN","state":"STOP"}}}']) {
    await assertProblem(await patch(body), 400, /The body has a key twice in one object/);
  }
  assert.equal(control.find("n1")?.cfg.get("/platform"), "sim");
  assert.equal((await patch('{"platform":"a:\\"b\\\\","services":{}}')).status, 200, "colons in texts are none");
  assert.equal(control.find("n1")?.cfg.get("/platform"), 'a:"b\\');
});

test("a parameter that is given twice is refused, as one of the two would not count", async () => {
  const { app, control } = await createTestApp();
  const some = "/api/v1/nodes?nodeset=n1&nodeset=n2";
  await assertProblem(
    await app.request(some, { method: "DELETE" }),
    400,
    /'nodeset' is given 2 times: expected it once/,
  );
  await assertProblem(await app.request(some), 400, /'nodeset' is given 2 times/);
  assert.ok(control.find("n1") !== undefined);
});

test("what the aggregator refuses becomes the status that says so", async () => {
  const statuses: readonly [Refusal["kind"], number][] = [
    ["unknown", 404],
    ["invalid", 422],
    ["conflict", 409],
    ["unavailable", 503],
  ];
  for (const [kind, status] of statuses) {
    const { app, control } = await createTestApp();
    control.refuse({ ok: false, kind, problems: ["The disk is full"] });
    for (
      const [url, init] of [
        [CFG, send("PATCH", { platform: "x" })],
        ["/api/v1/nodes?nodeset=n1", send("PATCH", { platform: "x" })],
        ["/api/v1/apply", send("POST", { nodes: [] })],
      ] as const
    ) await assertProblem(await app.request(url, init), status, /^The disk is full$/m);
  }
});

test("GET dsc answers what is known, PATCH takes in what is reported and nothing else", async () => {
  const { app } = await createTestApp();
  const dsc = "/api/v1/nodes/n1/dsc";
  assert.deepEqual(await (await app.request(dsc)).json(), { physState: "POWER_OFF" });
  const reported = await (await app.request(dsc, send("PATCH", { busy: "BUSY" }))).json();
  assert.deepEqual(reported.dsc, { busy: "BUSY", physState: "POWER_OFF" });
  await assertProblem(await app.request(dsc, send("PATCH", { busy: "SO" })), 422, /\/busy is "SO": expected one of/);
  const invented = await app.request(dsc, send("PATCH", { physState: "POWER_ON", busy: null }));
  await assertProblem(invented, 422, /\/physState is "POWER_ON": expected a variable that is reported/);
  assert.deepEqual(await (await app.request(dsc)).json(), { busy: "BUSY", physState: "POWER_OFF" });
  await app.request(dsc, send("PATCH", { busy: null }));
  assert.deepEqual(await (await app.request(dsc)).json(), { physState: "POWER_OFF" });
});

test("PATCH cfg answers 422 to a digest of an image that is none, with its field", async () => {
  const { app } = await createTestApp();
  const response = await app.request(CFG, send("PATCH", { image: { name: "os", digest: "1f0c..." } }));
  await assertProblem(
    response,
    422,
    /\/image\/digest is "1f0c\.\.\.": expected a SHA-256, 64 hexadecimal digits in lower case/,
  );
});
