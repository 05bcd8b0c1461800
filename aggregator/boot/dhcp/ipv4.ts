import { ipv4Number, isIpv4 } from "../../../src/boot/mod.ts";
import type { DhcpPacket } from "./packet.ts";

/** Reads four bytes as an IPv4 address in dotted form. They must exist. */
export function readIpv4(bytes: Uint8Array, at = 0): string {
  return bytes.subarray(at, at + 4).join(".");
}

/**
 * Converts an IPv4 address in dotted form to a number.
 *
 * @throws {RangeError} If it is invalid.
 */
export function parseIpv4(address: string): number {
  if (isIpv4(address)) return ipv4Number(address);
  throw new RangeError(`Cannot read "${address}" as an IPv4 address: expected four numbers below 256`);
}

/** Converts an IPv4 address to four bytes. */
export function ipv4Bytes(address: string): Uint8Array {
  return u32Bytes(parseIpv4(address));
}

/** Converts a number below 2^32 to four bytes, the highest first. */
export function u32Bytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Converts `prefix`, 0 to 32, to a mask. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** Tells whether the addresses `one` and `other` are in the same network of `prefix` bits. */
export function sameNetwork(one: string, other: string, prefix: number): boolean {
  const mask = maskOf(prefix);
  return (parseIpv4(one) & mask) === (parseIpv4(other) & mask);
}

/**
 * Reads the address in option `code` of `packet`; if given twice, the first counts. @returns Undefined if it is missing
 * or too short.
 */
export function optionAddress(packet: DhcpPacket, code: number): string | undefined {
  const value = packet.options.get(code);
  return value !== undefined && value.length >= 4 ? readIpv4(value) : undefined;
}
