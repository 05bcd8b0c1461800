import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { parseFingerprint } from "../../modules/redfish/exchange.ts";
import { readOrigins } from "../../modules/redfish/event_stream.ts";
import { busyPause } from "../../modules/redfish/requests.ts";
import { powerOf, separateResetTypes, waysOf } from "../../modules/redfish/reset.ts";
import {
  parseResource,
  readError,
  readEventStream,
  readMembers,
  readNames,
  readNextPage,
  readResetTypes,
  readServiceRoot,
  readSystem,
} from "../../modules/redfish/resources.ts";
import {
  readChassis,
  readEnvironmentTemperature,
  readEnvironmentWatts,
  readPower,
  readThermal,
  readThermalMetrics,
  readThermalMetricsLink,
} from "../../modules/redfish/sensor_resources.ts";
import { steadyTemperature, steadyWatts } from "../../modules/power/sensors.ts";

/** How many inputs each fuzzing test tries. */
const RUNS = Number(process.env["KRAKEN_FUZZ_RUNS"] ?? 5_000);

/** Real answers, cut down, of several vendors' kinds: what is broken in fuzzing. */
const ANSWERS = [
  {
    "@odata.id": "/redfish/v1/Systems/System.Embedded.1",
    Id: "System.Embedded.1",
    PowerState: "On",
    HostName: "n1",
    Links: { Chassis: [{ "@odata.id": "/redfish/v1/Chassis/1" }] },
    Actions: {
      "#ComputerSystem.Reset": {
        target: "/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset",
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "GracefulShutdown"],
        "@Redfish.ActionInfo": "/redfish/v1/Systems/1/ResetActionInfo",
      },
    },
  },
  { Parameters: [{ Name: "ResetType", Required: true, AllowableValues: ["On", "ForceOff"] }] },
  { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }], "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1" },
  { Systems: { "@odata.id": "/s" }, EventService: { "@odata.id": "/e" }, Links: { Sessions: { "@odata.id": "/x" } } },
  { ServiceEnabled: true, ServerSentEventUri: "/redfish/v1/SSE" },
  { error: { code: "Base.1.0.GeneralError", message: "No", "@Message.ExtendedInfo": [{ Message: "Really not" }] } },
  { Events: [{ OriginOfCondition: { "@odata.id": "/redfish/v1/Systems/1" } }, { OriginOfCondition: "/old" }] },
  { Temperatures: [{ Name: "Inlet Temp", PhysicalContext: "Intake", ReadingCelsius: 22 }] },
  { PowerControl: [{ PowerConsumedWatts: 344 }] },
  { PowerWatts: { Reading: 344.5 }, TemperatureCelsius: { Reading: 22.5 } },
  { TemperatureSummaryCelsius: { Intake: { Reading: 22.5 } } },
  {
    Thermal: { "@odata.id": "/t" },
    Power: { "@odata.id": "/p" },
    ThermalSubsystem: { "@odata.id": "/ts" },
    EnvironmentMetrics: { "@odata.id": "/em" },
  },
];

/** Any JSON, or a real answer in which one place is something else. */
const resource = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc.tuple(fc.constantFrom(...ANSWERS), fc.nat(), fc.jsonValue()).map(([answer, place, value]) =>
    JSON.stringify(replaced(answer, place, value))
  ),
  fc.tuple(fc.constantFrom(...ANSWERS), fc.nat(), fc.nat()).map(([answer, start, length]) => {
    const text = JSON.stringify(answer);
    return text.slice(0, start % text.length) + text.slice((start % text.length) + length % 9);
  }),
  fc.string({ unit: "binary", maxLength: 300 }),
);

/** A copy in which the value at one place is another. */
function replaced(whole: unknown, place: number, value: unknown): unknown {
  let left = place % (JSON.stringify(whole).match(/[[{:,]/g)?.length ?? 1);
  function copy(part: unknown): unknown {
    if (left-- === 0) return value;
    if (Array.isArray(part)) return part.map(copy);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, copy(each)]));
  }
  return copy(whole);
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

test(`redfish's parsers take whatever arrives: ${RUNS} inputs`, () => {
  const covered = createCoverage("answers of BMCs", [
    ...["no resource", "a system", "reset types", "members", "an error", "an inlet", "watts", "events"] as const,
  ], 0.005);
  fc.assert(
    fc.property(resource, (text) => {
      const found = parseResource(text);
      if (found === undefined) return covered.saw("no resource");
      const system = readSystem(found);
      covered.saw(
        ...(system === undefined ? [] : ["a system" as const]),
        ...(readResetTypes(found) === undefined ? [] : ["reset types" as const]),
        ...(readMembers(found).length === 0 ? [] : ["members" as const]),
        ...(readError(found) === undefined ? [] : ["an error" as const]),
        ...(readThermal(found) === undefined ? [] : ["an inlet" as const]),
        ...(readPower(found) === undefined ? [] : ["watts" as const]),
        ...((readOrigins(text) ?? []).length === 0 ? [] : ["events" as const]),
      );
      if (system !== undefined) {
        assert.ok(["on", "off", "changing", "unknown"].includes(powerOf(system.power)));
        assert.ok(isText(system.resetTarget) && isText(system.actionInfo));
        assert.ok(system.chassis.every(isText));
        assert.ok(waysOf("off", system.resetTypes).every(isText));
      }
      const types = readResetTypes(found);
      assert.ok(types === undefined || types.every(isText));
      assert.ok(readMembers(found).every(isText) && readNames(found).every(isText));
      assert.ok(Object.values(readServiceRoot(found)).every(isText));
      assert.ok([readNextPage(found), readEventStream(found), readError(found)].every(isText));
      assert.ok(Object.values(readChassis(found)).every(isText) && isText(readThermalMetricsLink(found)));
      for (const read of [readThermal, readThermalMetrics, readEnvironmentTemperature]) {
        const inlet = read(found);
        assert.ok(inlet === undefined || (inlet > -50 && inlet < 150));
      }
      for (const read of [readPower, readEnvironmentWatts]) {
        const watts = read(found);
        assert.ok(watts === undefined || (watts >= 0 && watts <= 1_000_000));
      }
      assert.ok((readOrigins(text) ?? []).every(isText));
    }),
    { numRuns: RUNS },
  );
  covered.check();
});

test("redfish's parsers read what real answers have", () => {
  const [system, actionInfo, members, root, events, error, event, thermal, power, environment, metrics] = ANSWERS
    .map((answer) => parseResource(JSON.stringify(answer)) ?? {});
  assert.equal(readSystem(system ?? {})?.actionInfo, "/redfish/v1/Systems/1/ResetActionInfo");
  assert.deepEqual(readSystem(system ?? {})?.chassis, ["/redfish/v1/Chassis/1"]);
  assert.deepEqual(readResetTypes(actionInfo ?? {}), ["On", "ForceOff"]);
  assert.deepEqual(readMembers(members ?? {}), ["/redfish/v1/Systems/1"]);
  assert.deepEqual(readServiceRoot(root ?? {}), {
    systems: "/s",
    chassis: undefined,
    sessions: "/x",
    eventService: "/e",
  });
  assert.equal(readEventStream(events ?? {}), "/redfish/v1/SSE");
  assert.equal(readError(error), "Really not");
  assert.deepEqual(readOrigins(JSON.stringify(event)), ["/redfish/v1/Systems/1", "/old"]);
  assert.equal(readThermal(thermal ?? {}), 22);
  assert.equal(readPower(power ?? {}), 344);
  assert.equal(readEnvironmentWatts(environment ?? {}), 344.5);
  assert.equal(readThermalMetrics(metrics ?? {}), 22.5);
  assert.equal(parseResource("[".repeat(200_000)), undefined, "nested beyond reason");
  assert.equal(parseResource(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`)?.["b"], undefined);
});

test("waysOf() finds what is fused with another value, and asks HPE Cray EX to shut down by its word Off", () => {
  const fused = ["On", "ForceOff", "GracefulShutdownGracefulRestart", "ForceRestartNmi", "PushPowerButton"];
  assert.deepEqual(waysOf("shutdown", fused), ["GracefulShutdown"]);
  assert.deepEqual(waysOf("restart", fused), ["ForceRestart"]);
  assert.deepEqual(waysOf("shutdown", ["ForceOff", "On", "Off"]), ["Off"]);
  assert.deepEqual(waysOf("off", ["ForceOff", "On", "Off"]), ["ForceOff"]);
  assert.deepEqual(waysOf("shutdown", ["ForceOff", "ForceOn"]), [], "Off and On are parts of other values there");
  assert.deepEqual(waysOf("shutdown", undefined), ["GracefulShutdown"]);
  assert.deepEqual(separateResetTypes(["ForceOffOemReset", "OnOff"]), ["ForceOffOemReset", "On", "Off"]);
});

test("waysOf() takes what the controller allows, and asks for nothing that it does not", () => {
  assert.deepEqual(waysOf("on", undefined), ["On", "ForceOn", "PushPowerButton"]);
  assert.deepEqual(waysOf("on", []), ["On", "ForceOn", "PushPowerButton"]);
  assert.deepEqual(waysOf("on", ["ForceOn", "PushPowerButton"]), ["ForceOn", "PushPowerButton"]);
  assert.deepEqual(waysOf("on", ["ForceOff", "PushPowerButton"]), ["PushPowerButton"]);
  assert.deepEqual(waysOf("off", ["On", "ForceOff"]), ["ForceOff"]);
  assert.deepEqual(
    waysOf("off", ["On", "GracefulShutdown"]),
    ["ForceOff", "GracefulShutdown"],
    "a list that must be wrong",
  );
  assert.deepEqual(waysOf("shutdown", ["On", "ForceOff"]), []);
  assert.deepEqual(waysOf("restart", ["ForceRestart"]), ["ForceRestart"]);
  assert.deepEqual(waysOf("restart", ["On", "ForceOff"]), []);
});

test("powerOf() knows what moves from what can't be told", () => {
  assert.equal(powerOf("PoweringOff"), "changing");
  assert.equal(powerOf("Paused"), "unknown");
});

test("busyPause() waits as long as it is told, within limits", () => {
  const now = Date.UTC(2030, 0, 1);
  assert.equal(busyPause("5", 1, now), 5_000);
  assert.equal(busyPause("0", 1, now), 1_000);
  assert.equal(busyPause("86400", 1, now), 30_000);
  assert.equal(busyPause(new Date(now + 7_000).toUTCString(), 1, now), 7_000);
  assert.deepEqual([1, 2, 3].map((attempt) => busyPause(null, attempt, now)), [1_000, 2_000, 4_000]);
  const covered = createCoverage("Retry-After", ["seconds", "a date", "neither", "within the limits"], 0.03);
  const date = fc.integer({ min: -60, max: 60 }).map((seconds) => new Date(now + seconds * 1_000).toUTCString());
  const text = fc.oneof(fc.string(), fc.nat(40).map(String), fc.nat().map(String), date);
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 4 }), (text, attempt) => {
      const pause = busyPause(text, attempt, now);
      assert.ok(pause >= 1_000 && pause <= 30_000);
      const kind = /^\d+$/.test(text) ? "seconds" : /GMT$/.test(text) ? "a date" : "neither";
      covered.saw(kind, ...(pause > 1_000 && pause < 30_000 ? ["within the limits" as const] : []));
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("steadyTemperature() states one value for noise that stays below its step", () => {
  // What is stated is rounded by up to 0.5 degrees, so noise of less than 0.5 to each side stays less than 1.5 from it.
  const thousandths = (min: number, max: number) =>
    fc.integer({ min: min * 1_000, max: max * 1_000 }).map((n) => n / 1_000);
  const noise = fc.array(thousandths(-0.499, 0.499), { minLength: 2, size: "max", maxLength: 40 });
  const covered = createCoverage("noise of a sensor", ["over a half degree", "below zero", "twenty readings"], 0.05);
  fc.assert(
    fc.property(thousandths(-20, 100), noise, (base, offs) => {
      covered.saw(
        ...(new Set(offs.map((off) => Math.round(base + off))).size > 1 ? ["over a half degree" as const] : []),
        ...(base < 0 ? ["below zero" as const] : []),
        ...(offs.length >= 20 ? ["twenty readings" as const] : []),
      );
      const stated: number[] = [];
      for (const off of offs) stated.push(steadyTemperature(stated.at(-1), base + off));
      assert.equal(new Set(stated).size, 1);
    }),
    { numRuns: 300 },
  );
  covered.check();
});

test("steadyTemperature() and steadyWatts() follow what has moved by a step or more", () => {
  assert.equal(steadyWatts(undefined, 180.4), 180);
  assert.equal(steadyWatts(180, 188.9), 180);
  assert.equal(steadyWatts(180, 189), 189);
  assert.equal(steadyWatts(180, 190), 190);
  assert.equal(steadyWatts(8, 4), 8);
  assert.equal(steadyWatts(8, 13), 13);
  assert.equal(steadyTemperature(22, 23.49), 22);
  assert.equal(steadyTemperature(22, 23.5), 24);
  assert.equal(steadyTemperature(22, 20.5), 21);
});

test("parseFingerprint() reads them as tools print them", () => {
  const digits = "ab".repeat(32);
  for (const text of [digits, digits.toUpperCase(), digits.match(/../g)?.join(":") ?? "", `SHA256:${digits}`]) {
    assert.equal(parseFingerprint(text), digits.toUpperCase());
  }
  for (const text of ["", "ab", `${digits}00`, "zz".repeat(32)]) assert.equal(parseFingerprint(text), undefined);
});

test("readSystem() takes health and the version of the firmware as one line, and nothing that is none", () => {
  const read = (more: object) => {
    const { health, firmware } = readSystem({ PowerState: "On", ...more }) ?? {};
    return [health, firmware];
  };
  assert.deepEqual(read({ Status: { Health: "OK", HealthRollup: "Critical" }, BiosVersion: "U32 v2.10" }), [
    "Critical",
    "U32 v2.10",
  ]);
  assert.deepEqual(read({ Status: { Health: "Warning", HealthRollup: null }, BiosVersion: " 1.2\r\n" }), [
    "Warning",
    "1.2",
  ]);
  for (const odd of [null, 7, "", "  ", [], {}, "x".repeat(129)]) {
    assert.deepEqual(read({ Status: { Health: odd }, BiosVersion: odd }), [undefined, undefined]);
  }
  assert.deepEqual(read({ Status: "OK" }), [undefined, undefined]);
});
