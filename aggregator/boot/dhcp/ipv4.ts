import type { DhcpPacket } from "./packet.ts";

/** Four bytes as an IPv4 address in dotted form. They must be there. */
export function readIpv4(bytes: Uint8Array, at = 0): string {
  return bytes.subarray(at, at + 4).join(".");
}

/**
 * An IPv4 address in dotted form as a number.
 *
 * @throws {RangeError} When it is none.
 */
export function ipv4Number(address: string): number {
  const parts = address.split(".");
  const fits = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  if (!fits) throw new RangeError(`Cannot read "${address}" as an IPv4 address: expected four numbers below 256`);
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

/** An IPv4 address as four bytes. */
export function ipv4Bytes(address: string): Uint8Array {
  return u32Bytes(ipv4Number(address));
}

/** A number below 2^32 as four bytes, the highest first. */
export function u32Bytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** A prefix, 0 to 32, as a mask. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** Whether two addresses are in the same network of `prefix` bits. */
export function sameNetwork(one: string, other: string, prefix: number): boolean {
  const mask = maskOf(prefix);
  return (ipv4Number(one) & mask) === (ipv4Number(other) & mask);
}

/** The address in an option; of one that is given twice the first counts. @returns Undefined where there is none, or half of one. */
export function optionAddress(packet: DhcpPacket, code: number): string | undefined {
  const value = packet.options.get(code);
  return value !== undefined && value.length >= 4 ? readIpv4(value) : undefined;
}
