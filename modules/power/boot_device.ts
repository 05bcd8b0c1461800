import type { ModuleNode } from "../../src/module/mod.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";

/** The devices from which controllers make their machines boot: always, and once. */
export const bootDevices = defineExtension("bootdevice", {
  "/bmc/bootDevice": {
    type: enumeration("default", "none", "pxe", "http", "disk", "cd", "usb", "setup"),
    writer: "cfg",
    about:
      "Device to boot from, set at the controller whenever Kraken powers the machine on or restarts it; default: Kraken sets nothing; " +
      "none: Kraken returns the choice to the firmware",
  },
  "/bmc/bootMode": {
    type: enumeration("default", "uefi", "legacy"),
    writer: "cfg",
    about: "Boot mode of /bmc/bootDevice. Default: the controller's own",
  },
  "/bmc/bootNext": {
    type: enumeration("NONE", "PXE", "HTTP", "DISK", "CD", "USB", "SETUP"),
    writer: "parent",
    about: "Device to boot from once, when Kraken next powers on or restarts the machine; NONE again after that",
    knownWhile: {},
    reported: true,
  },
});

/** A device to boot from. */
export type BootTarget = "none" | "pxe" | "http" | "disk" | "cd" | "usb" | "setup";

/** The device to boot from, for a controller. */
export interface BootDevice {
  readonly target: BootTarget;
  /** True: for the next boot only; false: until the next such order. */
  readonly once: boolean;
  /** Undefined: the firmware decides. */
  readonly mode: "uefi" | "legacy" | undefined;
}

const TARGETS: readonly BootTarget[] = ["none", "pxe", "http", "disk", "cd", "usb", "setup"];

/**
 * Finds the device from which the machine of `node` should boot. A device for the next boot comes before the permanent
 * one. Undefined: the controller is not told any.
 */
export function bootDeviceOf(node: ModuleNode): BootDevice | undefined {
  const next = String(node.view.get("/bmc/bootNext") ?? "NONE").toLowerCase();
  const once = next !== "none";
  const wanted = once ? next : node.cfg.get("/bmc/bootDevice");
  const target = TARGETS.find((each) => each === wanted);
  if (target === undefined) return undefined;
  const mode = node.cfg.get("/bmc/bootMode");
  return { target, once, mode: mode === "uefi" || mode === "legacy" ? mode : undefined };
}
