import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChassisStatus } from "../../modules/ipmi/chassis.ts";
import type { PowerDriver } from "../../modules/power/mod.ts";
import { turnIdentifyLed } from "../../modules/power/watch.ts";
import { ledPatch, readLed } from "../../modules/redfish/led_property.ts";
import type { MutationRun } from "../../src/module/mod.ts";
import { unread } from "../../src/reports.ts";
import { createCoverage, fc } from "../support/property.ts";
import { withPlayed } from "./ipmi_bench.ts";
import { testNode } from "./module_fixture.ts";
import { ending, type Scene, withScene } from "./redfish_scene.ts";

test("readLed() prefers LocationIndicatorActive, and takes nothing for an LED that is none", () => {
  const cases: [resource: { [name: string]: unknown }, expected: ReturnType<typeof readLed>][] = [
    [{ LocationIndicatorActive: true, IndicatorLED: "Blinking" }, { property: "LocationIndicatorActive", led: "ON" }],
    [{ LocationIndicatorActive: false }, { property: "LocationIndicatorActive", led: "OFF" }],
    [{ LocationIndicatorActive: null, IndicatorLED: "Lit" }, { property: "IndicatorLED", led: "ON" }],
    [{ IndicatorLED: "Blinking" }, { property: "IndicatorLED", led: "BLINKING" }],
    [{ IndicatorLED: "Off" }, { property: "IndicatorLED", led: "OFF" }],
    [{ IndicatorLED: "Unknown" }, { property: "IndicatorLED", led: undefined }],
    [{ IndicatorLED: null }, { property: "IndicatorLED", led: undefined }],
    [{ LocationIndicatorActive: null }, { property: "LocationIndicatorActive", led: undefined }],
    [{ LocationIndicatorActive: "true", IndicatorLED: 1 }, undefined],
    [{}, undefined],
  ];
  for (const [resource, expected] of cases) assert.deepEqual(readLed(resource), expected);
  assert.deepEqual(ledPatch("LocationIndicatorActive", "OFF"), { LocationIndicatorActive: false });
  assert.deepEqual(ledPatch("IndicatorLED", "ON"), { IndicatorLED: "Lit" });
  assert.equal(ledPatch("LocationIndicatorActive", "BLINKING"), undefined);
});

test("parseChassisStatus() reads faults and the identify LED, and takes whatever comes", () => {
  const cases: [stdout: string, expected: ReturnType<typeof parseChassisStatus>][] = [
    [" 21 10 40 54\n", { health: "OK", led: "OFF" }],
    [" 21 10 60 54\n", { health: "OK", led: "ON" }],
    [" 21 10 50\n", { health: "OK", led: "ON" }],
    [" 20 00 00 00\n", { health: "OK" }],
    [" 20 00 30 00\n", { health: "OK" }], // it does not say that it tells
    [" 21 00 08 00\n", { health: "Warning" }],
    [" 21 00 04 00\n", { health: "Warning" }],
    [" 29 00 08 00\n", { health: "Critical" }],
    [" 23 00 00 00\n", { health: "Critical" }],
    [" 31 00 00 00\n", { health: "Critical" }],
  ];
  for (const [stdout, expected] of cases) assert.deepEqual(parseChassisStatus(stdout), expected, stdout);
  for (const odd of ["", "21", "21 10", "21 10 4", "zz 10 40 54", "21 10 40 54 00", "System Power : on"]) {
    assert.equal(parseChassisStatus(odd), undefined, odd);
  }
  const bytes = fc.array(
    fc.oneof(fc.nat(255), fc.constantFrom(0, 0x21, 0x44)).map((byte) => byte.toString(16).padStart(2, "0")),
    { minLength: 2, maxLength: 5 },
  );
  const covered = createCoverage("chassis statuses", ["none", "OK", "Warning", "Critical", "an LED"], 0.02);
  fc.assert(
    fc.property(fc.oneof(fc.string(), bytes.map((all) => all.join(" "))), (text) => {
      const found = parseChassisStatus(text);
      const health = found?.health;
      const isKnown = health === "OK" || health === "Warning" || health === "Critical";
      covered.saw(isKnown ? health : "none", ...(found?.led === undefined ? [] : ["an LED" as const]));
      assert.equal(isKnown, found !== undefined);
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("redfish turns the identify LED on and off, and discovers one that somebody else has turned", async () => {
  await withScene({}, async ({ run, node, clock, asked }) => {
    await ending(clock, run("find-on"));
    assert.equal(node.view.get("/bmc/led"), "OFF");
    await ending(clock, run("led-on"));
    assert.equal(node.view.get("/bmc/led"), "ON");
    assert.ok(asked.includes("PATCH /redfish/v1/Systems/n1"));
    await ending(clock, run("led-off"));
    assert.equal(node.view.get("/bmc/led"), "OFF");
    node.view.set("/bmc/led", "ON");
    await ending(clock, run("find-on"));
    assert.equal(node.view.get("/bmc/led"), "OFF");
  });
});

test("redfish says of an LED that can only be on or off that it can't blink", async () => {
  await withScene({}, async ({ run, clock, asked }) => {
    await assert.rejects(ending(clock, run("led-first-blink")), { name: "MistakeError", message: /can't blink/ });
    assert.ok(!asked.some((each) => each.startsWith("PATCH")));
  });
});

/** Plays a system without an LED of its own; what a chassis says of its LED is `said()`. */
function playChassis(scene: Scene, said: () => object): void {
  scene.between = async (path, go) => {
    const answer = await go();
    if (path.startsWith("/redfish/v1/Chassis/") && answer.status === 405) return Response.json({});
    if (!/^\/redfish\/v1\/(Systems|Chassis)\/[^/]+$/.test(path) || !answer.ok) return answer;
    const { LocationIndicatorActive: _, ...rest } = await answer.json();
    return Response.json(path.includes("/Chassis/") ? { ...rest, ...said() } : rest);
  };
}

test("redfish turns the LED of the chassis where the system has none, also to blinking where that can", async () => {
  await withScene({}, async (scene) => {
    const { run, node, clock, asked } = scene;
    const led = () => asked.some((each) => each.startsWith("PATCH")) ? "Blinking" : "Off";
    playChassis(scene, () => ({ IndicatorLED: led() }));
    await ending(clock, run("led-first-blink"));
    assert.equal(node.view.get("/bmc/led"), "BLINKING");
    assert.equal(asked.filter((each) => each.startsWith("PATCH /redfish/v1/Chassis/")).length, 1);
    await ending(clock, run("find-on"));
    assert.equal(node.view.get("/bmc/led"), "BLINKING", "what the system does not tell takes nothing back");
  });
});

test("redfish says of an LED that only blinks what it may be set to", async () => {
  await withScene({}, async (scene) => {
    playChassis(scene, () => ({ IndicatorLED: "Off" }));
    const { between, asked } = scene;
    scene.between = async (path, go, url) => {
      if (!path.includes("/Chassis/") || asked.at(-1)?.startsWith("PATCH") !== true) {
        return await between(path, go, url);
      }
      const error = { "@Message.ExtendedInfo": [{ MessageId: "Base.1.8.PropertyValueNotInList", Message: "Not Lit" }] };
      return Response.json({ error }, { status: 400 });
    };
    await assert.rejects(ending(scene.clock, scene.run("led-first-on")), {
      name: "MistakeError",
      message: /\(Not Lit\) \(its identify LED may only know BLINKING and OFF: set one of these\)/,
    });
    assert.equal(scene.node.view.get("/bmc/led"), undefined);
  });
});

test("redfish states no LED whose controller took the order and says the opposite, nor one that is nowhere", async () => {
  await withScene({}, async (scene) => {
    playChassis(scene, () => ({ IndicatorLED: "Off" }));
    await assert.rejects(ending(scene.clock, scene.run("led-first-on")), {
      name: "DeclinedError",
      message: "The controller was told that the identify LED is to be ON, and says that it is OFF",
    });
    assert.equal(scene.node.view.get("/bmc/led"), undefined);
    playChassis(scene, () => ({}));
    await assert.rejects(ending(scene.clock, scene.run("led-first-on")), {
      name: "MistakeError",
      message: /no identify LED/,
    });
  });
});

test("ipmi turns the identify LED, and believes the controller where it says how that is", async () => {
  const asked: string[] = [];
  let status = " 21 10 60 54\n";
  await withPlayed(async (args) => {
    const words = args.slice(args.indexOf("-v") + 1).join(" ");
    asked.push(words);
    return { code: 0, stdout: words.startsWith("raw") ? status : "Chassis identify interval\n", stderr: "" };
  }, async ({ run, node, clock }) => {
    await ending(clock, run("led-first-on"));
    assert.equal(node.view.get("/bmc/led"), "ON");
    assert.deepEqual(asked.splice(0), ["chassis identify force", "raw 0x00 0x01"]);
    await assert.rejects(ending(clock, run("led-off")), { name: "DeclinedError", message: /says that it is ON/ });
    assert.deepEqual(asked.splice(0), ["chassis identify 0", "raw 0x00 0x01"]);
    assert.equal(node.view.get("/bmc/led"), "ON");
    status = " 21 10 00 54\n"; // it does not say
    await ending(clock, run("led-off"));
    assert.equal(node.view.get("/bmc/led"), "OFF");
  });
});

test("a controller of a kind without an identify LED is told so, and nothing is stated", async () => {
  const node = testNode("n1");
  const run: MutationRun = {
    ...{ ...unread, node, mutation: "led-on", bindings: {}, execution: "1", signal: new AbortController().signal },
    discover: () => assert.fail("Nothing is known of it"),
  };
  const driver: PowerDriver = {
    read: () => Promise.reject(new Error("It is not asked")),
    change: () => Promise.reject(new Error("It is not asked")),
  };
  await assert.rejects(turnIdentifyLed(driver, run, "ON"), {
    name: "MistakeError",
    message: "Cannot turn the identify LED of 'n1': its kind of controller has none",
  });
});

test("ipmi states no LED where its controller says no", async () => {
  await withPlayed(
    async () => ({ code: 1, stdout: "", stderr: "Set Chassis Identify failed: Invalid command\n" }),
    async ({ run, node, clock }) => {
      await assert.rejects(ending(clock, run("led-first-on")), { name: "DeclinedError", message: /Invalid command/ });
      assert.equal(node.view.get("/bmc/led"), undefined);
    },
  );
});
