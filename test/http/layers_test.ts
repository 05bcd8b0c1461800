import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, createTestApp, send } from "./support.ts";

const PROFILE = "/api/v1/profiles/base";
const GROUP = "/api/v1/groups/r1";

test("a profile is written, read, and applied to the nodes that name it, with where each value comes from", async () => {
  const { app } = await createTestApp();
  const body = { about: "all", values: { rack: "r1", boot: { method: "other" } } };
  const written = await app.request(PROFILE, send("PUT", body));
  assert.equal(written.status, 200);
  assert.deepEqual(await written.json(), { dryRun: false, changes: [], groups: [] });
  await app.request("/api/v1/nodes/n1/cfg", send("PATCH", { profiles: ["base"] }));
  const node = await (await app.request("/api/v1/nodes/n1")).json();
  assert.deepEqual([node.cfg.rack, node.inherited], ["r1", { "/boot/method": "base", "/rack": "base" }]);
  const read = await app.request(PROFILE);
  assert.equal(read.headers.get("etag"), written.headers.get("etag"));
  assert.deepEqual(await read.json(), { name: "base", ...body, inherits: [], nodes: "n1" });
  assert.deepEqual((await (await app.request("/api/v1/profiles")).json()).profiles.length, 1);
});

test("a dry run of a profile tells what would change on which nodes, and changes nothing", async () => {
  const { app } = await createTestApp();
  await app.request(PROFILE, send("PUT", { values: { rack: "r1" } }));
  await app.request("/api/v1/nodes/n1/cfg", send("PATCH", { profiles: ["base"] }));
  const answer = await app.request(`${PROFILE}?dryRun=true`, send("PUT", { values: { rack: "r2" } }));
  const { changes } = await answer.json();
  assert.deepEqual(
    changes.map(({ name, differences }: { name: string; differences: unknown }) => [name, differences]),
    [
      ["n1", [{ url: "/rack", from: "r1", to: "r2" }]],
    ],
  );
  assert.equal((await (await app.request("/api/v1/nodes/n1")).json()).cfg.rack, "r1");
});

test("what is wrong with a profile is told with its place", async () => {
  const { app } = await createTestApp();
  const response = await app.request(PROFILE, send("PUT", { values: { physState: "ON" } }));
  const problem = await response.json();
  assert.equal(response.status, 422);
  assert.equal(problem.errors[0].pointer, "/values/physState");
  await assertProblem(await app.request(PROFILE, send("PUT", { values: { name: "x" } })), 422, /each node's own/);
  await assertProblem(await app.request(PROFILE, send("PUT", { value: {} })), 422, /value is unknown/);
  await assertProblem(await app.request(PROFILE), 404, /There is no profile 'base'/);
  await assertProblem(await app.request("/api/v1/profiles/a%20b"), 400, /1 to 64 letters/);
  await assertProblem(await app.request(PROFILE, { method: "DELETE" }), 404, /No profile 'base'/);
});

test("of two who write a profile, or a group, by the same ETag one wins, and the other gets 412 with the present one", async () => {
  const { app } = await createTestApp();
  const bodies = [[PROFILE, { values: { rack: "r1" } }, { values: { rack: "r2" } }], [GROUP, { nodes: "n1" }, {
    nodes: "n2",
  }]] as const;
  for (const [path, first, second] of bodies) {
    const fresh = await app.request(path, send("PUT", first, { "if-none-match": "*" }));
    const etag = fresh.headers.get("etag") ?? "";
    assert.equal((await app.request(path, send("PUT", second, { "if-none-match": "*" }))).status, 412);
    const won = await app.request(path, send("PUT", second, { "if-match": etag }));
    assert.equal(won.status, 200);
    const lost = await app.request(path, send("PUT", first, { "if-match": etag }));
    assert.equal(lost.headers.get("etag"), won.headers.get("etag"));
    await assertProblem(lost, 412, /has changed/);
    await assertProblem(
      await app.request(path, { method: "DELETE", headers: { "if-match": etag } }),
      412,
      /has changed/,
    );
    assert.equal((await app.request(path, { method: "DELETE" })).status, 200);
    await assertProblem(await app.request(path, send("PUT", first, { "if-match": etag })), 412, /is not there/);
  }
});

test("a group stands for its members wherever a nodeset is asked for", async () => {
  const { app } = await createTestApp();
  await app.request("/api/v1/nodes/n1/cfg", send("PATCH", { rack: "r1" }));
  const written = await app.request(GROUP, send("PUT", { filter: { "/rack": "r1" } }));
  assert.deepEqual(await written.json(), { name: "r1", about: "", filter: { "/rack": "r1" }, members: "n1" });
  const listed = await (await app.request("/api/v1/nodes?nodeset=@r1")).json();
  assert.deepEqual(listed.nodes.map(({ name }: { name: string }) => name), ["n1"]);
  const patched = await app.request("/api/v1/nodes?nodeset=@r1", send("PATCH", { arch: "x86_64" }));
  assert.equal(patched.status, 200);
  const inBody = await (await app.request("/api/v1/selection/nodes", send("POST", { nodeset: "@r1" }))).json();
  assert.equal(inBody.nodes.length, 1);
  await assertProblem(await app.request("/api/v1/nodes?nodeset=@gone"), 400, /There is no group '@gone'/);
  const { groups } = await (await app.request("/api/v1/groups")).json();
  assert.deepEqual(groups.map(({ name }: { name: string }) => name), ["r1"]);
});

test("a change of a group without members is refused, and a list of it is empty", async () => {
  const { app } = await createTestApp();
  await app.request(GROUP, send("PUT", { nodes: "x1" }));
  assert.deepEqual(await (await app.request("/api/v1/nodes?nodeset=@r1")).json(), { nodes: [] });
  const changes: [string, RequestInit][] = [
    ["/api/v1/nodes?nodeset=@r1", send("PATCH", { rack: "r1" })],
    ["/api/v1/nodes?nodeset=@r1", { method: "DELETE" }],
    ["/api/v1/staged?nodeset=@r1", send("PATCH", { rack: "r1" })],
    ["/api/v1/engine/freeze", send("POST", { nodeset: "@r1" })],
  ];
  for (const [path, init] of changes) {
    await assertProblem(await app.request(path, init), 404, /There are no nodes in @r1/);
  }
});

test("a group is a nodeset or a filter, of plain values", async () => {
  const { app } = await createTestApp();
  await assertProblem(await app.request(GROUP, send("PUT", {})), 422, /expected one of them/);
  await assertProblem(await app.request(GROUP, send("PUT", { nodes: "n[1" })), 422, /nodes is no nodeset/);
  const response = await app.request(GROUP, send("PUT", { filter: { "/rack": ["r1"] } }));
  assert.equal((await response.clone().json()).errors[0].pointer, "/filter/rack");
  await assertProblem(response, 422, /expected a text, a number, true or false/);
});

test("cfg is staged, shown, and taken back", async () => {
  const { app } = await createTestApp();
  await app.request("/api/v1/nodes/n1/dsc", send("PATCH", { busy: "BUSY" }));
  const path = "/api/v1/staged?nodeset=n1";
  const staged = await (await app.request(`${path}&until=free`, send("PATCH", { rack: "r1" }))).json();
  assert.deepEqual(staged.nodes[0].staged.values, { "/rack": "r1" });
  const node = await (await app.request("/api/v1/nodes/n1")).json();
  assert.deepEqual([node.cfg.rack, node.staged.until], [undefined, "free"]);
  assert.deepEqual((await (await app.request(path)).json()).nodes[0].staged.until, "free");
  const none = await (await app.request(path, { method: "DELETE" })).json();
  assert.deepEqual(Object.keys(none.nodes[0]), ["id", "name"]);
  await assertProblem(await app.request(`${path}&until=soon`, send("PATCH", { rack: "r1" })), 400, /boot or free/);
  await assertProblem(await app.request(path, send("PATCH", { no: 1 })), 422, /'\/no' is not a state variable/);
});

test("the output of a program that nobody knows is not found", async () => {
  const { app } = await createTestApp();
  const path = "/api/v1/nodes/n1/services/job/output";
  await assertProblem(await app.request(path), 404, /Nothing is known of a program 'job' on 'n1'/);
  await assertProblem(await app.request(`${path}?lines=0`), 400, /a whole number from 1 to 1000/);
});
