import { readIpv4 } from "./ipv4.ts";
import type { DhcpPacket } from "./packet.ts";

/** The address in an option; of one that is given twice the first counts. @returns Undefined where there is none, or half of one. */
export function optionAddress(packet: DhcpPacket, code: number): string | undefined {
  const value = packet.options.get(code);
  return value !== undefined && value.length >= 4 ? readIpv4(value) : undefined;
}
