import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { withLab } from "./lab.ts";

const COUNT = 300;
const STOPPED = 20;

const answer = v.object({ plan: v.object({ ok: v.boolean(), steps: v.array(v.object({ key: v.string() })) }) });

/** A patch that sets the state of the first services. */
function states(count: number, more: object): { readonly services: Record<string, object> } {
  return { services: Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, more])) };
}

test("of 300 services that run on a node 20 are stopped, after a dry run that says so", async () => {
  await withLab({ count: 1 }, async (lab) => {
    await lab.askForSync();
    await lab.converge();
    const run = states(COUNT, { state: "RUN", config: { command: "sleep", args: ["1000000"] } });
    assert.equal((await lab.request("PATCH", "/nodes/n1/cfg", run)).status, 200);
    await waitFor("all of them run", async () => (await lab.node("n1")).phase === "converged" || undefined);
    const stop = states(STOPPED, { state: "STOP" });
    const dry = await lab.request("PATCH", "/nodes/n1/cfg?dryRun=true", stop);
    assert.equal(dry.status, 200);
    const { plan } = v.parse(answer, dry.body);
    assert.equal(plan.ok, true);
    const expected = Object.keys(stop.services).map((name) => `service/stop{name=${name}}`).sort();
    assert.deepEqual(plan.steps.map(({ key }) => key).sort(), expected);
    assert.equal((await lab.request("PATCH", "/nodes/n1/cfg", stop)).status, 200);
    await waitFor("20 of them have stopped", async () => (await lab.node("n1")).phase === "converged" || undefined);
  });
});
