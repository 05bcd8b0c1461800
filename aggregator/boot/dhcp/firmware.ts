import type { DhcpFirmware } from "./types.ts";

/** What option 93 says of a client. */
export interface Architecture {
  readonly firmware: DhcpFirmware;
  /** It is UEFI's HTTP boot. */
  readonly http: boolean;
}

/**
 * RFC 4578, section 2.1, with IANA's later numbers ("Processor Architecture Types"). 9 is EFI byte code by the letter, but RFC
 * 4578 first had 7 and 9 the other way round, so x86-64 firmware sends either.
 */
const ARCHITECTURES: ReadonlyMap<number, Architecture> = new Map([
  [0, { firmware: "bios", http: false }],
  [6, { firmware: "uefi-x86", http: false }],
  [7, { firmware: "uefi-x86_64", http: false }],
  [9, { firmware: "uefi-x86_64", http: false }],
  [11, { firmware: "uefi-aarch64", http: false }],
  [15, { firmware: "uefi-x86", http: true }],
  [16, { firmware: "uefi-x86_64", http: true }],
  [19, { firmware: "uefi-aarch64", http: true }],
]);

/** The firmware behind a number of option 93; "unknown" for a number that nothing is served for. */
export function architectureOf(arch: number): Architecture {
  return ARCHITECTURES.get(arch) ?? { firmware: "unknown", http: false };
}
