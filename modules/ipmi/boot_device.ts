import { MistakeError } from "../../src/module/mod.ts";
import type { BootDevice, BootTarget } from "../power/mod.ts";
import type { ProgramOutput } from "../../src/process/mod.ts";

/** Devices in ipmitool's terms (Get/Set System Boot Options, IPMI 2.0, 28.13, parameter 5). */
const DEVICES: { readonly [target in BootTarget]: string | undefined } = {
  none: "none",
  pxe: "pxe",
  http: undefined,
  disk: "disk",
  cd: "cdrom",
  usb: "floppy", // the specification's "primary removable media"
  setup: "bios",
};

/**
 * Returns the arguments of ipmitool that make a machine boot from a device, once or until further notice.
 *
 * @throws {MistakeError} If IPMI has no such device.
 */
export function bootdevCommand({ target, once, mode }: BootDevice): readonly string[] {
  const device = DEVICES[target];
  if (device === undefined) {
    throw new MistakeError(
      `Cannot boot from '${target}' over IPMI: expected one of pxe, disk, cd, usb, setup and none`,
    );
  }
  const options = [...(once || target === "none" ? [] : ["persistent"]), ...(mode === "uefi" ? ["efiboot"] : [])];
  return ["chassis", "bootdev", device, ...(options.length > 0 ? [`options=${options.join(",")}`] : [])];
}

/**
 * Finds ipmitool's report that the controller refuses the boot flags (parameter 5), although it exits with 0;
 * undefined: they were accepted.
 */
export function bootdevRefusal({ stdout, stderr }: ProgramOutput): string | undefined {
  return /Set Chassis Boot Parameter 5 failed[^\r\n]{0,100}/.exec(`${stderr}\n${stdout}`)?.[0];
}
