import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualModule } from "../../modules/manual/module.ts";
import { hostForTest, testNode } from "./module_fixture.ts";

async function hosted() {
  const node = testNode("n1", { "/platform": "manual" });
  const made = await hostForTest(createManualModule(), [node], { role: "parent" });
  return { ...made, node, physStates: () => made.history.filter((line) => line.includes("/physState")) };
}

test("a person who takes longer than a day has not failed: nothing is concluded, and no attempt is used up", async () => {
  const { run, notes, sightings, physStates } = await hosted();
  await run("power-on");
  const words = "A person is asked: switch 'n1' on, then: krakenctl set n1 /manual/power=ON";
  assert.deepEqual([notes, sightings], [[words], [{ words, ifLate: "unavailable" }]]);
  assert.deepEqual(physStates(), []);
});

test("each report is taken once, and forgotten with that", async () => {
  const { node, physStates, host } = await hosted();
  for (const [report, physState] of [["OFF", "POWER_OFF"], ["OFF", "POWER_OFF"], ["ON", "POWER_ON"]]) {
    node.view.set("/manual/power", report ?? "");
    host.changed(node.id);
    assert.deepEqual([node.view.get("/physState"), node.view.get("/manual/power")], [physState, undefined]);
  }
  assert.equal(physStates().length, 3);
});

test("a report of a node of another platform is forgotten, and changes nothing", async () => {
  const { node, physStates, set } = await hosted();
  set("/platform", "sim");
  node.view.set("/manual/power", "ON");
  set("/platform", "sim");
  assert.deepEqual([physStates(), node.view.get("/manual/power")], [[], undefined]);
});
