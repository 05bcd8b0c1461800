import type { BootDevice, BootTarget } from "../power/mod.ts";
import type { Resource } from "./resources.ts";

/** Devices as values of BootSourceOverrideTarget (ComputerSystem.BootSource, DSP0268). */
const TARGETS: { readonly [target in BootTarget]: string } = {
  none: "None",
  pxe: "Pxe",
  http: "UefiHttp",
  disk: "Hdd",
  cd: "Cd",
  usb: "Usb",
  setup: "BiosSetup",
};

/**
 * Returns the Boot property of a ComputerSystem (DSP0268) that makes the machine boot from a device, once or until
 * further notice.
 */
export function bootOverride({ target, once, mode }: BootDevice): Resource {
  if (target === "none") return { BootSourceOverrideEnabled: "Disabled" };
  return {
    BootSourceOverrideEnabled: once ? "Once" : "Continuous",
    BootSourceOverrideTarget: TARGETS[target],
    ...(mode !== undefined && { BootSourceOverrideMode: mode === "uefi" ? "UEFI" : "Legacy" }),
  };
}
