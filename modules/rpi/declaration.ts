import { boot } from "../../src/boot/mod.ts";
import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration } from "../../src/state/mod.ts";

/** The identity of a Raspberry Pi, and its progress in booting from the network. */
export const rpi = defineExtension("rpi", {
  "/rpi/serial": {
    type: { kind: "string", maxLength: 8 },
    writer: "cfg",
    about:
      "Last 8 digits of the serial number, in lower case, as in /proc/cpuinfo: the TFTP folder that the firmware asks for",
  },
  "/rpi/state": {
    type: enumeration("NONE", "WAIT", "DHCP", "LOADING", "INIT"),
    writer: "parent",
    about:
      "WAIT: the machine is on and has not been heard; DHCP: it has taken an address; LOADING: it has its config.txt; INIT: it has kernel and initramfs",
    knownWhile: { "/physState": "POWER_ON" },
    leaveWithin: { WAIT: 120_000, DHCP: 30_000, LOADING: 120_000 },
  },
  "/rpi/progress": {
    type: { kind: "integer", min: 0, max: 100 },
    writer: "parent",
    about: "Share of kernel and initramfs that the machine has loaded, in percent",
    knownWhile: { "/rpi/state": "LOADING" },
  },
});

const powered = { "/boot/method": "rpi", "/physState": "POWER_ON" } as const;
const hangs = { "/physState": "PHYS_HANG" } as const;

/**
 * The path of a Raspberry Pi from power to kernel, as its aggregator's DHCP and TFTP see it. As with pxe, the module
 * does nothing to the machine: each step waits for what it does next, and a machine that does not do it in time counts
 * as hanging.
 */
export const rpiDeclaration = declareModule({
  name: "rpi",
  about: "Follows Raspberry Pis that boot from the network",
  extensions: [core, boot, rpi],
  discovers: ["/rpi/state", "/rpi/progress", "/boot/seenMemory", "/runState"],
  mutations: {
    listen: {
      context: "parent",
      changes: { "/rpi/state": ["NONE", "WAIT"] },
      requires: powered,
      timeout: 10_000,
      duration: 100,
      about: "Waits for signs of a Raspberry Pi that is on",
    },
    address: {
      context: "parent",
      changes: { "/rpi/state": ["WAIT", "DHCP"] },
      requires: powered,
      failTo: hangs,
      timeout: 120_000,
      duration: 15_000,
      about: "Waits until the firmware takes an address (DHCP)",
    },
    config: {
      context: "parent",
      changes: { "/rpi/state": ["DHCP", "LOADING"] },
      requires: powered,
      failTo: hangs,
      timeout: 60_000,
      duration: 10_000,
      about: "Waits until the firmware fetches config.txt (TFTP)",
    },
    load: {
      context: "parent",
      changes: { "/rpi/state": ["LOADING", "INIT"] },
      requires: powered,
      failTo: hangs,
      timeout: 300_000,
      duration: 20_000,
      about: "Waits until the machine has loaded kernel and initramfs",
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { ...powered, "/rpi/state": "INIT" },
      failTo: hangs,
      timeout: 120_000,
      duration: 20_000,
      about: "Waits until the kernel has started and the agent is heard",
    },
  },
});
