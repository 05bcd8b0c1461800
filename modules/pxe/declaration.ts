import { boot } from "../../src/boot/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";

/**
 * How long the firmware of a large server takes before it requests an address, in milliseconds. Memory tests may take
 * longer.
 */
const USUAL_POST = 300_000;
/**
 * After this time, in milliseconds, the machine counts as hanging: power-cycled earlier, a slow one would never finish.
 */
const LONGEST_POST = 900_000;

/** The progress of a machine that boots from the network. */
export const pxe = defineExtension("pxe", {
  "/pxe/state": {
    type: enumeration("NONE", "WAIT", "DHCP", "LOADING", "INIT"),
    writer: "parent",
    about:
      "WAIT: the machine is on and has not been heard; DHCP: it has taken an address; LOADING: it has its script; INIT: it has kernel and initramfs",
    knownWhile: { "/physState": "POWER_ON" },
    leaveWithin: { WAIT: USUAL_POST, DHCP: 30_000, LOADING: 60_000 },
  },
  "/pxe/progress": {
    type: { kind: "integer", min: 0, max: 100 },
    writer: "parent",
    about: "Share of kernel and initramfs that the machine has loaded, in percent",
    knownWhile: { "/pxe/state": "LOADING" },
  },
});

const powered = { "/boot/method": "pxe", "/physState": "POWER_ON" } as const;
const hangs = { "/physState": "PHYS_HANG" } as const;

/**
 * The path of a machine from power to kernel, as its aggregator's boot services see it. The module does nothing to the
 * machine: each step waits for what the machine does next, and a machine that does not do it in time counts as hanging.
 */
export const pxeDeclaration = declareModule({
  name: "pxe",
  about: "Follows machines that boot from the network",
  extensions: [core, boot, pxe],
  discovers: ["/pxe/state", "/pxe/progress", "/boot/seenMemory", "/runState"],
  mutations: {
    listen: {
      context: "parent",
      changes: { "/pxe/state": ["NONE", "WAIT"] },
      requires: powered,
      timeout: 10_000,
      duration: 100,
      about: "Waits for signs of a machine that is on",
    },
    address: {
      context: "parent",
      changes: { "/pxe/state": ["WAIT", "DHCP"] },
      requires: powered,
      failTo: hangs,
      timeout: LONGEST_POST,
      duration: USUAL_POST,
      about: "Waits until the machine's firmware takes an address (DHCP)",
    },
    script: {
      context: "parent",
      changes: { "/pxe/state": ["DHCP", "LOADING"] },
      requires: powered,
      failTo: hangs,
      timeout: 120_000,
      duration: 10_000,
      about: "Waits until the machine fetches its boot script",
    },
    load: {
      context: "parent",
      changes: { "/pxe/state": ["LOADING", "INIT"] },
      requires: powered,
      failTo: hangs,
      timeout: 300_000,
      duration: 10_000,
      about: "Waits until the machine has loaded kernel and initramfs",
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { ...powered, "/pxe/state": "INIT" },
      failTo: hangs,
      timeout: 120_000,
      duration: 15_000,
      about: "Waits until the kernel has started and the machine's agent is heard",
    },
  },
});
