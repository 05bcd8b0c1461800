import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, services } from "../../src/state/mod.ts";

/** Where a node's simulated controller is. */
export const bmc = defineExtension("bmc", {
  "/bmc/address": {
    type: { kind: "string", maxLength: 512 },
    writer: "cfg",
    about: "URL of the node's Redfish ComputerSystem; where absent it follows from the module's endpoint and /name",
  },
});

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
    about: "endpoint: URL of the simulated controllers, such as http://127.0.0.1:8000; poll: milliseconds, 2000",
  },
});

const sim = { "/platform": "sim" } as const;

/**
 * Power of simulated machines, through an interface in the shape of Redfish. A node whose agent is lost while its
 * machine is on (`/runState` ERROR) is repaired by power off and on, which is why power off is dear.
 */
export const simpowerDeclaration = declareModule({
  name: "simpower",
  about: "Powers simulated machines on and off",
  extensions: [core, services, bmc, simpowerConfig],
  discovers: ["/physState"],
  mutations: {
    "find-off": {
      context: "parent",
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] },
      requires: sim,
      timeout: 20_000,
      about: "Asks the controller, hoping for off",
    },
    "find-on": {
      context: "parent",
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_ON"] },
      requires: sim,
      timeout: 20_000,
      about: "Asks the controller, hoping for on",
    },
    "power-on": {
      context: "parent",
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      requires: sim,
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 30_000,
      about: "Powers the machine on",
    },
    "power-off": {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      requires: sim,
      excludes: { "/busy": "BUSY", "/drained": "NO" },
      timeout: 30_000,
      disruption: 10,
      about: "Powers the machine off",
    },
    "reset-hang": {
      context: "parent",
      changes: { "/physState": ["PHYS_HANG", "POWER_OFF"] },
      requires: sim,
      excludes: { "/busy": "BUSY" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 30_000,
      disruption: 10,
      about: "Powers a machine off that is taken to hang",
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/platform": "sim", "/physState": "POWER_ON" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 60_000,
      about: "Waits for the agent of a machine that was powered on",
    },
  },
});
