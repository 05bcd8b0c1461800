import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { assertProblem, createCheckedApp, send } from "../http/support.ts";
import { createTestRoot } from "../support/root.ts";

const NODES = "/api/v1/nodes";
const NAMES = Array.from({ length: 12 }, (_, at) => `n${at + 1}`);

async function makeApp() {
  const root = await createTestRoot({ names: NAMES });
  const log = createLog(() => {});
  const app = createCheckedApp(root.control, { metrics: () => [], version: "1", log, clock: root.clock });
  const list = async (query: string) => {
    const response = await app.request(`${NODES}?${query}`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const { nodes, next }: { nodes: { name: string; phase: string }[]; next?: string } = JSON.parse(text);
    return { names: nodes.map(({ name }) => name), nodes, next };
  };
  return { ...root, app, list };
}

test("a list in pages has each entry once, in the order of the whole list", async () => {
  const { list } = await makeApp();
  for (const sort of ["", "sort=-name&", "sort=physState,-name&"]) {
    const whole = (await list(sort)).names;
    const seen: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const page = await list(`${sort}limit=5${cursor === "" ? "" : `&cursor=${cursor}`}`);
      assert.ok(page.names.length <= 5);
      seen.push(...page.names);
      cursor = page.next;
    }
    assert.deepEqual(seen, whole);
    assert.equal(seen.length, 13, "the aggregator's own node too");
  }
});

test("a page begins behind the last entry of the one before, whatever has come and gone since", async () => {
  const { list, control, idOf, apply } = await makeApp();
  const first = await list("limit=4");
  assert.deepEqual(first.names, ["n1", "n2", "n3", "n4"]);
  assert.ok(control.remove([idOf("n2")]).ok);
  apply({ n0: {} });
  assert.deepEqual((await list(`limit=4&cursor=${first.next}`)).names, ["n5", "n6", "n7", "n8"]);
  assert.ok(control.remove([idOf("n4")]).ok);
  assert.deepEqual((await list(`limit=2&cursor=${first.next}`)).names, ["n5", "n6"], "the last one itself has gone");
});

test("filters of a list of nodes go together: nodeset, phase, state and text", async () => {
  const { list, discover, patch } = await makeApp();
  discover("n3", { "/physState": "POWER_ON" });
  discover("n12", { "/physState": "POWER_ON" });
  patch("n5", { "/platform": "other" });
  assert.deepEqual((await list("state./physState=POWER_ON")).names, ["n3", "n12", "root"]);
  assert.deepEqual((await list("state./physState=POWER_ON&nodeset=n[1-9]")).names, ["n3"]);
  assert.deepEqual((await list("state./physState=POWER_ON,PHYS_HANG&text=POWER_ON&sort=-name&nodeset=n[1-12]")).names, [
    "n12",
    "n3",
  ]);
  assert.deepEqual((await list("state./platform=other")).names, ["n5"]);
  assert.deepEqual((await list("text=OTHER")).names, ["n5"]);
  assert.deepEqual((await list("phase=stuck,backoff")).names, []);
  assert.equal((await list("phase=converged,blocked,working")).names.length, 13);
});

test("fields leaves only what was asked for", async () => {
  const { list } = await makeApp();
  const { nodes } = await list("fields=name,phase&nodeset=n[1-2]");
  assert.deepEqual(nodes.map((node) => Object.keys(node)), [["name", "phase"], ["name", "phase"]]);
});

test("what a list can't be asked for is refused with what it can", async () => {
  const { app } = await makeApp();
  for (
    const [query, expected] of [
      ["sort=colour", /Parameter 'sort' has 'colour': expected some of id, name, /],
      ["fields=colour", /Parameter 'fields' has 'colour': expected some of id, name, /],
      ["phase=odd", /Parameter 'phase' has 'odd': expected some of converged, /],
      ["state./odd=x", /'\/odd' is not a state variable/],
      ["state.odd=x", /expected a state URL such as \/runState/],
      ["limit=0", /Parameter 'limit' is '0': expected a whole number from 1 to 100000/],
      ["limit=1e3", /Parameter 'limit' is '1e3'/],
      ["cursor=odd", /Parameter 'cursor' is 'odd': expected 'next' of the page before/],
      ["state=x", /Parameter 'state' is unknown: expected nodeset, phase, state\.\/URL, text/],
    ] as const
  ) await assertProblem(await app.request(`${NODES}?${query}`), 400, expected);
  const { next }: { next: string } = await (await app.request(`${NODES}?limit=1`)).json();
  const other = await app.request(`${NODES}?limit=1&sort=name&cursor=${next}`);
  await assertProblem(other, 400, /expected the same sort as before/);
});

test("plans, explanations, aggregators and events come in pages too", async () => {
  const { app } = await makeApp();
  const json = { headers: { accept: "application/json" } };
  for (
    const [path, key] of [
      ["/plan?nodeset=n[1-4]&", "plans"],
      ["/explain?phase=converged,blocked,working&", "explanations"],
      ["/events?after=0&", "events"],
      ["/tree?sort=-depth&", "aggregators"],
    ] as const
  ) {
    const page = await (await app.request(`/api/v1${path}limit=2`, json)).json();
    assert.ok(page[key].length > 0 && page[key].length <= 2, path);
    assert.equal(typeof page.next, key === "aggregators" ? "undefined" : "string", path);
  }
  const plans = await (await app.request("/api/v1/plan?nodeset=n1&fields=name")).json();
  assert.deepEqual(plans, { plans: [{ name: "n1" }] });
  const selected = await app.request(`/api/v1/selection/nodes?limit=1`, send("POST", { nodeset: "n[1-3]" }));
  assert.equal((await selected.json()).nodes.length, 1);
});
