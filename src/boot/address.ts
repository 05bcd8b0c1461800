const MAC = /^(?:[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/i;
const BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = new RegExp(`^(?:${BYTE}\\.){3}${BYTE}$`);

/**
 * Normalizes a MAC address to lower case with colons.
 *
 * @param text With colons, dashes or nothing between its bytes, or with dots as Cisco's `a2e2.6002.c003`; in any case.
 * @returns Undefined if it is not a MAC address.
 */
export function parseMac(text: string): string | undefined {
  return MAC.test(text) ? text.toLowerCase().replace(/[:.-]/g, "").replace(/..(?!$)/g, "$&:") : undefined;
}

/** Tells whether `text` is an IPv4 address in strict dotted form (RFC 6943, section 3.1.1). */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/** Converts an IPv4 address to a number. @param address A valid address: see {@link isIpv4}. */
export function ipv4Number(address: string): number {
  return address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Converts `number`, from 0 to 2^32 - 1, to an IPv4 address. */
export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The network settings of a machine. */
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

/**
 * Parses the network `text`, such as `10.77.0.0/24`; it may name any address of the network. @returns Undefined if it
 * is not a network.
 */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = "", bits = "", ...rest] = text.split("/");
  if (!isIpv4(address) || !/^(?:[89]|[12][0-9]|30)$/.test(bits) || rest.length > 0) return undefined;
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { first, last: first + size - 1, prefix: Number(bits) };
}
