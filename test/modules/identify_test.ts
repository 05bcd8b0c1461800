import assert from "node:assert/strict";
import { test } from "node:test";
import { redfishDeclaration } from "../../modules/redfish/declaration.ts";
import { ledPatches } from "../../modules/redfish/led.ts";
import { readLed } from "../../modules/redfish/resources.ts";
import { FORMS } from "../../modules/simpower/simulator/forms.ts";
import { compileDomain, createPlanner } from "../../src/plan/mod.ts";
import { withPlayed } from "./ipmi_bench.ts";
import { ending, withScene } from "./redfish_scene.ts";

test("redfish lights the LED of a machine of every form that has one, and puts it out; what the BMC says is discovered", async () => {
  for (const [form, { led, resource, ids }] of Object.entries(FORMS)) {
    if (led === "none") continue;
    await withScene({ form }, async ({ clock, run, set, node, asked }) => {
      if (resource === "Chassis") set("/bmc/address", `http://bmc.test/redfish/v1/Chassis/${ids?.[0]}`);
      await ending(clock, run("find-off"));
      assert.equal(node.view.get("/bmc/identify"), "OFF", form);
      for (const [mutation, said] of [["light", "LIT"], ["unlight", "OFF"]] as const) {
        node.view.delete("/bmc/identify");
        await ending(clock, run(mutation));
        assert.equal(node.view.get("/bmc/identify"), said, form);
        node.view.delete("/bmc/identify");
        await ending(clock, run("find-off"));
        assert.equal(node.view.get("/bmc/identify"), said, form);
      }
      assert.ok(asked.some((each) => each.startsWith("PATCH ")), form);
    });
  }
});

test("redfish says so where a machine has no LED, and is done only when the BMC says that it is lit", async () => {
  await withScene({ form: "sushy" }, async ({ clock, run, node }) => {
    const none = /Cannot find 'n1' by an LED/;
    await assert.rejects(ending(clock, run("light-first")), { name: "MistakeError", message: none });
    assert.equal(node.view.get("/bmc/identify"), undefined);
  });
  await withScene({}, async (scene) => {
    const { clock, run, node, asked } = scene;
    let lag = 3;
    scene.between = async (path, go) => {
      const answer = await go();
      const isLater = asked.some((each) => each.startsWith("PATCH")) && asked.at(-1)?.startsWith("GET") === true;
      if (!isLater || !path.endsWith("/Systems/n1") || lag-- <= 0) return answer;
      return Response.json({ ...await answer.json(), LocationIndicatorActive: false });
    };
    const from = clock.now();
    await ending(clock, run("light-first"));
    assert.deepEqual([node.view.get("/bmc/identify"), clock.now() - from], ["LIT", 3_000]);
  });
});

test("an LED is read and set by LocationIndicatorActive or, where there is none, by IndicatorLED", () => {
  assert.equal(readLed({ LocationIndicatorActive: true, IndicatorLED: "Off" }), true);
  assert.equal(readLed({ LocationIndicatorActive: false, IndicatorLED: "Lit" }), false);
  assert.deepEqual(["Lit", "Blinking", "Off"].map((IndicatorLED) => readLed({ IndicatorLED })), [true, true, false]);
  assert.equal(readLed({ LocationIndicatorActive: "yes", IndicatorLED: null }), undefined);
  assert.deepEqual(ledPatches({ LocationIndicatorActive: true }, false), [{ LocationIndicatorActive: false }]);
  assert.deepEqual(ledPatches({ IndicatorLED: "Off" }, true), [{ IndicatorLED: "Lit" }, { IndicatorLED: "Blinking" }]);
  assert.deepEqual(ledPatches({ IndicatorLED: "Lit" }, false), [{ IndicatorLED: "Off" }]);
  assert.deepEqual(ledPatches({}, true), []);
});

test("ipmi lights the LED until it is told otherwise, and says what the controller said where it does not", async () => {
  const asked: string[] = [];
  let code = 0;
  await withPlayed(async (args) => {
    asked.push(args.slice(args.indexOf("chassis")).join(" "));
    return { code, stdout: "", stderr: code === 0 ? "" : "Invalid data field in request" };
  }, async ({ run, node }) => {
    await run("light-first");
    assert.equal(node.view.get("/bmc/identify"), "LIT");
    await run("unlight");
    assert.equal(node.view.get("/bmc/identify"), "OFF");
    assert.deepEqual(asked, ["chassis identify force", "chassis identify 0"]);
    code = 1;
    await assert.rejects(run("light"), { name: "DeclinedError", message: /Invalid data field/ });
    assert.equal(node.view.get("/bmc/identify"), "OFF");
  });
});

test("an LED that is to be lit is planned for whatever is known of it, and no power is touched", () => {
  const planner = createPlanner(compileDomain([redfishDeclaration]));
  for (const [known, mutation] of [[undefined, "light-first"], ["OFF", "light"]] as const) {
    const answer = planner.plan({
      view: new Map([
        ["/platform", "redfish"],
        ["/physState", "POWER_ON"],
        ...(known === undefined ? [] : [["/bmc/identify", known] as const]),
      ]),
      cfg: new Map([["/platform", "redfish"], ["/physState", "POWER_ON"], ["/bmc/identify", "LIT"]]),
    });
    assert.ok(answer.ok);
    assert.deepEqual(answer.steps.map(({ key }) => key), [`redfish/${mutation}`]);
  }
});
