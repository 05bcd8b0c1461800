import type { DhcpFirmware } from "./types.ts";

/**
 * RFC 4578, section 2.1, with IANA's later numbers ("Processor Architecture Types"); 15, 16 and 19 are UEFI's HTTP boot. 9 is
 * EFI byte code by the letter, but RFC 4578 first had 7 and 9 the other way round, so x86-64 firmware sends either.
 */
const FIRMWARE: ReadonlyMap<number, DhcpFirmware> = new Map([
  [0, "bios"],
  [6, "uefi-x86"],
  [7, "uefi-x86_64"],
  [9, "uefi-x86_64"],
  [11, "uefi-aarch64"],
  [15, "uefi-x86"],
  [16, "uefi-x86_64"],
  [19, "uefi-aarch64"],
]);

/** The firmware behind a number of option 93; "unknown" for a number that nothing is served for. */
export function firmwareOf(arch: number): DhcpFirmware {
  return FIRMWARE.get(arch) ?? "unknown";
}
