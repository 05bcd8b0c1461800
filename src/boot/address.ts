const MAC = /^(?:[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/i;
const BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = new RegExp(`^(?:${BYTE}\\.){3}${BYTE}$`);

/**
 * Brings a MAC address to its one notation: lower case, with colons.
 *
 * @param text With colons, dashes or nothing between its bytes, or with dots as Cisco's `a2e2.6002.c003`; in any case.
 * @returns Undefined for a text that is none of these.
 */
export function parseMac(text: string): string | undefined {
  return MAC.test(text) ? text.toLowerCase().replace(/[:.-]/g, "").replace(/..(?!$)/g, "$&:") : undefined;
}

/** Tells whether a text is an IPv4 address in dotted form, as RFC 6943, section 3.1.1, has it strictly. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/** The number that an IPv4 address is. @param address One that {@link isIpv4} takes. */
export function ipv4Number(address: string): number {
  return address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** The IPv4 address of a number from 0 to 2^32 - 1. */
export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Where a machine is on the network. */
export interface BootAddress {
  /** IPv4, in dotted form. */
  readonly address: string;
  readonly prefix: number;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

/** A network of IPv4 addresses. */
export interface Subnet {
  /** Its first address, as a number. */
  readonly first: number;
  /** Its last address. */
  readonly last: number;
  readonly prefix: number;
}

/** Reads a network such as `10.77.0.0/24`; an address within it will do. @returns Undefined for a text that is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = "", bits = "", ...rest] = text.split("/");
  if (!isIpv4(address) || !/^(?:[89]|[12][0-9]|30)$/.test(bits) || rest.length > 0) return undefined;
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { first, last: first + size - 1, prefix: Number(bits) };
}
