import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestApp } from "./support.ts";

interface Listed {
  readonly url: string;
  readonly [field: string]: unknown;
}

async function variables(query = ""): Promise<readonly Listed[]> {
  const { app } = await createTestApp();
  return (await (await app.request(`/api/v1/variables${query}`)).json()).variables;
}

test("variables are listed with type, unit, writer and meaning", async () => {
  const all = await variables();
  assert.ok(all.length > 30);
  const physState = all.find(({ url }) => url === "/physState");
  assert.equal(physState?.["writer"], "parent");
  assert.deepEqual((physState?.["values"] as string[])[0], "PHYS_UNKNOWN");
  assert.deepEqual([physState?.["isGoal"], physState?.["isReported"]], [true, false]);
  assert.equal(all.find(({ url }) => url === "/busy")?.["isReported"], true);
  assert.equal(all.find(({ url }) => url === "/assignment")?.["isInternal"], true);
  assert.deepEqual(all.map(({ url }) => url), all.map(({ url }) => url).sort());
});

test("a URL finds its variable by the pattern that it fits, and those below it", async () => {
  assert.deepEqual((await variables("?url=/services/sshd/state")).map(({ url }) => url), ["/services/{name}/state"]);
  const below = (await variables("?url=/services/sshd")).map(({ url }) => url);
  assert.ok(below.includes("/services/{name}/state") && below.includes("/services/{name}/config"));
  assert.ok(below.every((url) => url.startsWith("/services/")));
  assert.deepEqual(await variables("?url=/no"), []);
});

test("modules are listed with what they change, and those of the aggregator with how they are", async () => {
  const { app } = await createTestApp();
  const { modules } = await (await app.request("/api/v1/modules")).json();
  const find = (name: string) => modules.find((each: { name: string }) => each.name === name);
  assert.deepEqual([find("simpower").runsIn, find("simpower").state], ["aggregator", "RUN"]);
  assert.deepEqual([find("service").runsIn, find("service").state], ["agents", undefined]);
  assert.equal(find("simpower").configUrl, "/services/simpower/config");
  const powerOn = find("simpower").mutations.find(({ id }: { id: string }) => id === "power-on");
  assert.deepEqual(powerOn.changes, { "/physState": ["POWER_OFF", "POWER_ON"] });
});
