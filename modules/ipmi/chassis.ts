import { MistakeError } from "../../src/module/mod.ts";
import type { ProgramOutput } from "../../src/process/mod.ts";
import type { BootDevice, BootTarget, Led, MachineFacts } from "../power/mod.ts";

/** Get Chassis Status (IPMI 2.0, 28.2): `ipmitool chassis status` omits the state of the identify LED. */
export const CHASSIS_STATUS = ["raw", "0x00", "0x01"] as const;

/**
 * Returns the arguments of ipmitool that set the identify LED to `led` (Chassis Identify, IPMI 2.0, 28.5). It cannot
 * blink.
 */
export function identifyCommand(led: Exclude<Led, "BLINKING">): readonly string[] {
  return ["chassis", "identify", led === "ON" ? "force" : "0"];
}

/**
 * Parses the answer in `stdout`, three or four bytes in hexadecimal.
 *
 * @returns The health, and the identify LED if the controller reports it; undefined for anything else.
 */
export function parseChassisStatus(stdout: string): Pick<MachineFacts, "health" | "led"> | undefined {
  const text = stdout.trim();
  if (!/^[0-9a-f]{2}(\s+[0-9a-f]{2}){2,3}$/i.test(text)) return undefined;
  const [power = 0, , misc = 0] = text.split(/\s+/).map((byte) => parseInt(byte, 16));
  const isCritical = (power & 0b0001_1010) !== 0; // power overload, power fault, power control fault
  const isWarning = (misc & 0b0000_1100) !== 0; // drive fault, cooling or fan fault
  const tellsLed = (misc & 0b0100_0000) !== 0;
  return {
    health: isCritical ? "Critical" : isWarning ? "Warning" : "OK",
    ...(tellsLed && { led: (misc & 0b0011_0000) === 0 ? "OFF" : "ON" }),
  };
}

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
