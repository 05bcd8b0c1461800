import { ipv4Number, isIpv4, parseMac } from "./address.ts";

/** Default length of the network prefix, in bits. */
export const DEFAULT_PREFIX = 24;

/** Blocks of addresses that no machine can have (RFC 6890), by their first byte. */
const SPECIAL = [
  { from: 0, to: 0, what: "0.0.0.0/8 stands for no machine" },
  { from: 127, to: 127, what: "127.0.0.0/8 is loopback" },
  { from: 224, to: 239, what: "224.0.0.0/4 is multicast" },
  { from: 240, to: 255, what: "240.0.0.0/4 is reserved, and 255.255.255.255 is broadcast" },
] as const;

/** A machine's address, and the length of its network prefix. */
export interface NetworkPlace {
  readonly address: string;
  /** From 0 to 32. */
  readonly prefix: number;
}

/**
 * Checks a MAC address.
 *
 * @param text In any notation that {@link parseMac} reads.
 * @returns What was expected; undefined if a network interface can have it.
 */
export function macFault(text: string): string | undefined {
  const mac = parseMac(text);
  if (mac === undefined) return "a MAC address such as 52:54:00:77:00:01";
  const first = Number.parseInt(mac.slice(0, 2), 16);
  if (mac === "00:00:00:00:00:00") return "the MAC address of one interface: all zeros is none";
  if (mac === "ff:ff:ff:ff:ff:ff") return "the MAC address of one interface: all ones is broadcast";
  return first % 2 === 1 ? "the MAC address of one interface: with an odd first byte it is multicast" : undefined;
}

/**
 * Checks a machine's own IPv4 `address`.
 *
 * @param prefix Length of the network prefix, from 0 to 32. With 31 both addresses of the network are valid (RFC 3021).
 * @returns What was expected; undefined if a machine can have it.
 */
export function addressFault(address: string, prefix: number): string | undefined {
  if (!isIpv4(address)) return "an IPv4 address such as 10.77.0.11";
  const first = Number(address.split(".")[0]);
  const special = SPECIAL.find(({ from, to }) => first >= from && first <= to);
  if (special !== undefined) return `the address of one machine: ${special.what}`;
  if (prefix >= 31) return undefined;
  const network = networkOf({ address, prefix });
  if (ipv4Number(address) === network.first) {
    return `the address of one machine: this is that of its network /${prefix}`;
  }
  if (ipv4Number(address) === network.last) {
    return `the address of one machine: this is the broadcast address of its network /${prefix}`;
  }
  return undefined;
}

/** Checks the router `gateway`. @returns What was expected; undefined if a machine at this place can use it. */
export function gatewayFault(gateway: string, { address, prefix }: NetworkPlace): string | undefined {
  const fault = addressFault(gateway, 32);
  if (fault !== undefined) return fault;
  const { first, last } = networkOf({ address, prefix });
  const number = ipv4Number(gateway);
  if (number < first || number > last || prefix === 32) {
    return `a router in the network of ${address}/${prefix}`;
  }
  if (gateway === address) return `a router, which is another machine than ${address}`;
  return addressFault(gateway, prefix);
}

/**
 * Checks the name server `server`. @param place The machine's address; absent if it has none. @returns What was
 * expected; undefined if it is valid.
 */
export function serverFault(server: string, place: NetworkPlace | undefined): string | undefined {
  const fault = addressFault(server, 32);
  if (fault !== undefined || place === undefined) return fault;
  const { first, last } = networkOf(place);
  const isNear = ipv4Number(server) >= first && ipv4Number(server) <= last;
  return isNear ? addressFault(server, place.prefix) : undefined;
}

function networkOf({ address, prefix }: NetworkPlace): { readonly first: number; readonly last: number } {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { first, last: first + size - 1 };
}
