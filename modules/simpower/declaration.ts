import { declareModule } from "../../src/plan/mod.ts";
import { defineExtension } from "../../src/state/mod.ts";
import {
  blinkMutations,
  controllerDiscoveries,
  interruptMutation,
  ledMutations,
  leds,
  orderMutations,
  powerDiscoveries,
  powerExtensions,
  powerMutations,
  resetMutations,
  sensorDiscoveries,
} from "../power/declaring.ts";

/** The config of the module itself, on the aggregator's own node. */
export const simpowerConfig = defineExtension("simpower", {
  "/services/simpower/config": {
    type: {
      kind: "object",
      fields: {
        endpoint: { kind: "string", maxLength: 512 },
        poll: { kind: "integer", min: 50, max: 3_600_000 },
      },
      optional: ["endpoint", "poll"],
    },
    writer: "cfg",
    about:
      "endpoint: URL of the simulated controllers, such as http://127.0.0.1:8000; poll: time between two readings (ms, default 2000)",
  },
});

const timeouts = { find: 20_000, on: 30_000, off: 30_000 };

/** Power control of simulated machines, whose controllers use Redfish, and their boot, which needs no boot server. */
export const simpowerDeclaration = declareModule({
  name: "simpower",
  about: "Powers simulated machines on and off",
  extensions: [...powerExtensions, leds, simpowerConfig],
  discovers: [...powerDiscoveries, ...controllerDiscoveries, ...sensorDiscoveries],
  mutations: {
    ...powerMutations("sim", timeouts),
    ...orderMutations("sim"),
    ...resetMutations("sim", timeouts.on),
    ...interruptMutation("sim"),
    ...ledMutations("sim"),
    ...blinkMutations("sim"),
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/platform": "sim", "/physState": "POWER_ON" },
      excludes: { "/boot/method": ["pxe", "rpi"] }, // other modules follow their boots
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 60_000,
      about: "Waits for the agent of a machine that was powered on",
    },
  },
});
