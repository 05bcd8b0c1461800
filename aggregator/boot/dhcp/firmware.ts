import type { DhcpFirmware } from "./types.ts";

/**
 * RFC 4578, section 2.1, with IANA's later numbers ("Processor Architecture Types"); 15, 16 and 19 are UEFI's HTTP
 * boot. 9 is EFI byte code by the text, but RFC 4578 first had 7 and 9 the other way round, so x86-64 firmware sends
 * either.
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

/** Names of some others, for people (IANA, "Processor Architecture Types"). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, "BIOS"],
  [2, "Itanium UEFI"],
  [6, "32-bit x86 UEFI"],
  [7, "x86-64 UEFI"],
  [9, "x86-64 UEFI"],
  [10, "32-bit ARM UEFI"],
  [11, "ARM64 UEFI"],
  [12, "PowerPC Open Firmware"],
  [13, "PowerPC ePAPR"],
  [14, "POWER OPAL"],
  [15, "32-bit x86 UEFI over HTTP"],
  [16, "x86-64 UEFI over HTTP"],
  [18, "32-bit ARM UEFI over HTTP"],
  [19, "ARM64 UEFI over HTTP"],
  [20, "BIOS over HTTP"],
  [21, "32-bit ARM U-Boot"],
  [22, "ARM64 U-Boot"],
  [25, "32-bit RISC-V UEFI"],
  [27, "64-bit RISC-V UEFI"],
  [39, "64-bit LoongArch UEFI"],
  [41, "Raspberry Pi"],
]);

/** Returns the firmware of `arch`, a number of option 93; "unknown" if nothing is served for it. */
export function firmwareOf(arch: number): DhcpFirmware {
  return FIRMWARE.get(arch) ?? "unknown";
}

/** Describes `arch`, a number of option 93, such as `12 (PowerPC Open Firmware)`. */
export function firmwareName(arch: number): string {
  const name = NAMES.get(arch);
  return name === undefined ? String(arch) : `${arch} (${name})`;
}
