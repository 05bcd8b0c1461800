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

test("each report is taken once: what was seen since is not undone by it", async () => {
  const { node, physStates, host } = await hosted();
  node.view.set("/manual/power", "OFF");
  host.changed(node.id);
  node.view.set("/physState", "POWER_ON"); // its agent was heard
  host.changed(node.id);
  assert.deepEqual(physStates(), ["n1/physState=POWER_OFF"]);
  node.view.set("/manual/power", "ON");
  host.changed(node.id);
  assert.deepEqual(physStates().at(-1), "n1/physState=POWER_ON");
});

test("a node of another platform is left alone, and one that comes back is taken as it is reported", async () => {
  const { node, physStates, host, set } = await hosted();
  node.view.set("/manual/power", "ON");
  set("/platform", "sim");
  assert.deepEqual(physStates(), []);
  set("/platform", "manual");
  assert.deepEqual(physStates(), ["n1/physState=POWER_ON"]);
  host.changed(node.id);
  assert.equal(physStates().length, 1);
});
