import { boot } from "../../src/boot/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";

/** What a person says of a machine's power. */
export const manualPower = defineExtension("manual", {
  "/manual/power": {
    type: enumeration("UNKNOWN", "OFF", "ON"),
    writer: "parent",
    about:
      "Power, as a person reports it with krakenctl set NODE /manual/power=ON: it is taken into /physState and forgotten",
    knownWhile: {},
    reported: true,
  },
});

/** The time that a person has, in milliseconds: a day. Then they are asked again. */
const PATIENCE = 86_400_000;

const asksPerson = { context: "parent", requires: { "/platform": "manual" }, timeout: PATIENCE } as const;

/** Power of machines that a person switches: the program asks, and waits until they report it. */
export const manualDeclaration = declareModule({
  name: "manual",
  about: "Asks a person to power machines on and off",
  extensions: [core, boot, manualPower],
  discovers: ["/physState", "/manual/power"],
  mutations: {
    "find-off": {
      ...asksPerson,
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] },
      about: "Asks a person whether the machine is on, hoping for off",
    },
    "find-on": {
      ...asksPerson,
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_ON"] },
      about: "Asks a person whether the machine is on, hoping for on",
    },
    "power-on": {
      ...asksPerson,
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      about: "Asks a person to switch the machine on",
    },
    "power-off": {
      ...asksPerson,
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      excludes: { "/busy": "BUSY", "/drained": "NO" },
      disruption: 10,
      about: "Asks a person to switch the machine off",
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/platform": "manual", "/physState": "POWER_ON" },
      excludes: { "/boot/method": ["pxe", "rpi"] }, // whose boots others follow
      timeout: 600_000,
      duration: 120_000,
      about: "Waits for the agent of a machine that was switched on",
    },
  },
});
