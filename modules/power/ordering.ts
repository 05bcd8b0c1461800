import { defineExtension, enumeration } from "../../src/state/mod.ts";

/** An order to do something to a machine once, whatever its cfg asks for. */
export const powerOrders = defineExtension("power", {
  "/power/order": {
    type: enumeration("NONE", "DONE", "CYCLE", "RESET", "NMI"),
    writer: "parent",
    about:
      "Order to carry out once: CYCLE: power off and on; RESET: restart without a loss of power; NMI: interrupt the machine for a " +
      "memory dump. DONE when it has been carried out",
    knownWhile: {},
    reported: true,
  },
});

/**
 * Makes the mutations that carry out orders on nodes of `platform`. They go through plans, limits and invariants like
 * all others.
 */
export function orderMutations(platform: string) {
  return {
    // The plan powers the machine off before and, if it should be on, on again after.
    "cycle-off": {
      context: "parent",
      changes: { "/power/order": ["CYCLE", "DONE"] },
      requires: { "/platform": platform, "/physState": "POWER_OFF" },
      timeout: 5_000,
      about: "Records that the machine to power-cycle is off",
    },
    "no-order": {
      context: "parent",
      changes: { "/power/order": ["NONE", "DONE"] },
      requires: { "/platform": platform },
      timeout: 5_000,
      about: "Records that there is no order",
    },
  } as const;
}

/**
 * Makes the mutation that ends an order for a machine that is off: there is nothing to restart or interrupt, and the
 * machine is not powered on for that. It costs more than a step and less than a loss of power, so that the order is
 * carried out on a machine that is on.
 */
function voidMutation(platform: string, order: "RESET" | "NMI") {
  return {
    context: "parent",
    changes: { "/power/order": [order, "DONE"] },
    requires: { "/platform": platform, "/physState": "POWER_OFF" },
    timeout: 5_000,
    disruption: 5,
    about: "Records that there is nothing to do for a machine that is off",
  } as const;
}

/**
 * Makes the mutations of restarts, for platforms whose controllers can restart a machine without a loss of power.
 *
 * @param platform The `/platform` of the nodes.
 * @param on Milliseconds that a restart may take.
 */
export function resetMutations(platform: string, on: number) {
  const requires = { "/platform": platform };
  return {
    reset: {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_CYCLE"], "/power/order": ["RESET", "DONE"] },
      requires,
      excludes: { "/busy": "BUSY", "/drained": "NO" },
      timeout: on,
      disruption: 10,
      about: "Restarts the machine without a loss of power, as ordered",
    },
    "no-reset": voidMutation(platform, "RESET"),
    "reset-over": {
      context: "parent",
      changes: { "/physState": ["POWER_CYCLE", "POWER_ON"] },
      requires,
      timeout: on,
      about: "Waits until the restarted machine is on again",
    },
  } as const;
}

/** Makes the mutations of interrupts, for a `platform` whose controllers can interrupt a machine. */
export function interruptMutation(platform: string) {
  return {
    interrupt: {
      context: "parent",
      changes: { "/power/order": ["NMI", "DONE"] },
      requires: { "/platform": platform, "/physState": "POWER_ON" },
      excludes: { "/busy": "BUSY" },
      timeout: 60_000,
      disruption: 10,
      about: "Sends the machine a non-maskable interrupt, as ordered",
    },
    "no-interrupt": voidMutation(platform, "NMI"),
  } as const;
}
