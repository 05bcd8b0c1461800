import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import { createTestRoot } from "../support/root.ts";
import { assertProblem, createCheckedApp, send } from "./support.ts";

const NAMES = Array.from({ length: 1500 }, (_, at) => `n${at + 1}-ib0`);
/** As a client would write it that does not fold: far more than a URL takes. */
const NODESET = NAMES.join(",");

async function makeApp(names: readonly string[] = NAMES.slice(0, 5)) {
  const root = await createTestRoot({ names });
  const app = createCheckedApp(root.control, {
    ...{ metrics: () => [], version: "1", log: createLog(() => {}), clock: root.clock },
  });
  const ask = (path: string, body: unknown, headers = {}) =>
    app.request(`/api/v1/selection/${path}`, send("POST", body, headers));
  return { ...root, app, ask };
}

test("every operation on nodes takes a selection that is too long for a URL", async () => {
  const { ask, app, control, cfg } = await makeApp(NAMES);
  const named = (list: { name: string }[]) => list.map(({ name }) => name);
  assert.deepEqual(named((await (await ask("nodes", { nodeset: NODESET })).json()).nodes), NAMES);
  assert.deepEqual(named((await (await ask("plan", { nodeset: NODESET })).json()).plans), NAMES);
  assert.deepEqual(named((await (await ask("explain", { nodeset: NODESET })).json()).explanations), NAMES);

  const patch = { physState: "POWER_ON" };
  const imagined = await (await ask("explain-change", { nodeset: NODESET, patch })).json();
  assert.ok(imagined.explanations.every(({ isHypothetical }: { isHypothetical: boolean }) => isHypothetical));
  const dry = await (await ask("patch?dryRun=true&detail=groups", { nodeset: NODESET, patch })).json();
  assert.deepEqual([dry.dryRun, dry.changes, dry.groups[0].count], [true, undefined, 1500]);
  assert.equal(dry.groups[0].nodeset, "n[1-1500]-ib0", "what is answered can be asked for again");
  assert.equal(cfg("n1-ib0", "/physState"), undefined);
  assert.equal((await ask("patch", { nodeset: NODESET, patch })).status, 200);
  assert.equal(cfg("n1500-ib0", "/physState"), "POWER_ON");

  const freeze = await app.request("/api/v1/engine/freeze", send("POST", { nodeset: NODESET }));
  assert.equal(freeze.status, 200);
  assert.equal(cfg("n1500-ib0", "/freeze"), true);
  const events = await ask("events?after=0", { nodeset: NODESET }, { accept: "application/json" });
  assert.equal((await events.json()).events.length, 1000);
  assert.equal((await (await ask("delete", { nodeset: NODESET })).json()).deleted.length, 1500);
  assert.equal(control.find("n1-ib0"), undefined);
});

test("a selection with a name that is not there is refused as a whole", async () => {
  const { ask, cfg, control } = await makeApp();
  const nodeset = "n[1-5]-ib0,nobody";
  for (const path of ["nodes", "plan", "explain", "delete", "events"]) {
    await assertProblem(await ask(path, { nodeset }), 404, /No nodes nobody/);
  }
  await assertProblem(await ask("patch", { nodeset, patch: { platform: "x" } }), 404, /No nodes nobody/);
  assert.equal(cfg("n1-ib0", "/platform"), "sim");
  assert.ok(control.find("n1-ib0") !== undefined);
});

test("a body with a nodeset has what is asked beside it, and nothing else", async () => {
  const { ask } = await makeApp();
  await assertProblem(await ask("nodes", {}), 422, /expected an object with nodeset$/m);
  await assertProblem(await ask("nodes", { nodeset: 7 }), 422, /nodeset is 7: expected a nodeset/m);
  await assertProblem(await ask("patch", ["n1"]), 422, /expected an object with nodeset, patch/);
  await assertProblem(
    await ask("delete", { nodeset: "n1-ib0", dryRun: true }),
    422,
    /expected an object with nodeset$/m,
  );
  await assertProblem(await ask("nodes", { nodeset: "n[" }), 400, /position 3/);
  await assertProblem(await ask("patch", { nodeset: "n1-ib0" }), 422, /patch is missing: expected an object/);
  await assertProblem(await ask("events?after=x", { nodeset: "n1-ib0" }), 400, /'after' is 'x'/);
});

test("events of some nodes come in pages and as a stream, without those of others", async () => {
  const { app, ask, patch, idOf, control } = await makeApp();
  for (const platform of ["a", "b"]) {
    for (const name of ["n1-ib0", "n2-ib0", "n3-ib0"]) patch(name, { "/platform": platform });
  }
  const json = { accept: "application/json" };
  const read = async (query: string) =>
    (await (await app.request(`/api/v1/events?${query}`, { headers: json })).json()).events as {
      id: number;
      node: string;
    }[];
  const two = await read("nodeset=n[1,3]-ib0");
  assert.deepEqual([...new Set(two.map(({ node }) => node))].sort(), ["n1-ib0", "n3-ib0"]);
  const after = two[3]?.id ?? 0;
  assert.deepEqual(await read(`nodeset=n[1,3]-ib0&after=${after}`), two.filter(({ id }) => id > after));

  const stream = await ask(`events?after=${after}`, { nodeset: "n2-ib0" }, { accept: "text/event-stream" });
  const reader = stream.body?.getReader();
  const next = async () => new TextDecoder().decode((await reader?.read())?.value);
  assert.match(await next(), /^retry/);
  assert.match(await next(), /^id: \d+\nevent: cfg\ndata: .*"node":"n2-ib0"/);
  const live = next();
  patch("n1-ib0", { "/platform": "c" });
  patch("n2-ib0", { "/platform": "c" });
  const told = await live;
  assert.equal(told.match(/^id: /gm)?.length, 1);
  assert.match(told, /"node":"n2-ib0".*\/platform/);
  await reader?.cancel();

  assert.ok(control.remove([idOf("n3-ib0")]).ok);
  assert.equal((await read("nodeset=n3-ib0")).at(-1)?.node, "n3-ib0", "of a node that was deleted");
  await assertProblem(await app.request("/api/v1/events?nodeset=n9"), 404, /No nodes n9, and no events/);
});
