import { boot } from "../../src/boot/mod.ts";
import { core, services } from "../../src/state/mod.ts";
import { bmc } from "./bmc.ts";
import { bootDevices } from "./boot_device.ts";
import { powerOrders } from "./ordering.ts";

/** The extensions that every power module needs. */
export const powerExtensions = [core, services, boot, bmc, bootDevices, powerOrders] as const;

/** What every power module discovers. */
export const powerDiscoveries = ["/physState", "/bmc/error", "/bmc/power", "/power/order"] as const;

/** Additional discoveries of power modules whose controllers do more than power. */
export const controllerDiscoveries = ["/bmc/bootNext", "/bmc/health", "/bmc/firmware", "/bmc/led"] as const;

/** Additional discoveries of power modules that read sensors. */
export const sensorDiscoveries = ["/bmc/inlet", "/bmc/watts"] as const;

/** The time that the controllers of a platform may take, in milliseconds. */
export interface PowerTimeouts {
  /** To report the power. */
  readonly find: number;
  /** To power a machine on. */
  readonly on: number;
  /** To power one off, including a graceful shutdown. */
  readonly off: number;
}

/**
 * Makes the mutations of power that every platform has.
 *
 * @param platform The `/platform` of the nodes.
 * @param timeouts Their timeouts.
 */
export function powerMutations(platform: string, { find, on, off }: PowerTimeouts) {
  const requires = { "/platform": platform };
  return {
    "find-off": {
      context: "parent",
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] },
      requires,
      timeout: find,
      about: "Reads the power state, expecting off",
    },
    "find-on": {
      context: "parent",
      changes: { "/physState": ["PHYS_UNKNOWN", "POWER_ON"] },
      requires,
      timeout: find,
      about: "Reads the power state, expecting on",
    },
    "power-on": {
      context: "parent",
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      requires,
      failTo: { "/physState": "PHYS_HANG" },
      timeout: on,
      about: "Powers the machine on",
    },
    // A node whose agent is lost while its machine is on is repaired by powering it off and on, so power-off is
    // expensive.
    "power-off": {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      requires,
      excludes: { "/busy": "BUSY", "/drained": "NO" },
      timeout: off,
      disruption: 10,
      about: "Powers the machine off",
    },
    "reset-hang": {
      context: "parent",
      changes: { "/physState": ["PHYS_HANG", "POWER_OFF"] },
      requires,
      excludes: { "/busy": "BUSY" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: off,
      disruption: 10,
      about: "Powers off a machine that seems to hang",
    },
  } as const;
}

/**
 * Makes the mutation that restarts a hanging machine, for platforms whose controllers can do that without a loss of
 * power.
 *
 * @param platform The `/platform` of the nodes.
 * @param timeouts Its timeouts.
 */
export function restartMutation(platform: string, timeouts: PowerTimeouts) {
  return {
    "restart-hang": {
      context: "parent",
      changes: { "/physState": ["PHYS_HANG", "POWER_ON"] },
      requires: { "/platform": platform },
      excludes: { "/busy": "BUSY" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: timeouts.off + timeouts.on,
      disruption: 10,
      about: "Restarts a machine that seems to hang; if that does not help, power-cycles it",
    },
  } as const;
}

/** Makes the mutation for machines of `platform` that boot on their own, from a disk or another server. */
export function otherBootMutation(platform: string) {
  return {
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/platform": platform, "/boot/method": "other", "/physState": "POWER_ON" },
      failTo: { "/physState": "PHYS_HANG" },
      timeout: 600_000,
      duration: 120_000,
      about: "Waits for the agent of a machine that boots by itself",
    },
  } as const;
}
