import type { Value, Values } from "../state/mod.ts";
import { parseMac } from "./address.ts";
import { isFilePath, readArguments } from "./arguments.ts";
import { canonicalImage, validateImage } from "./image_rules.ts";
import { addressFault, DEFAULT_PREFIX, gatewayFault, macFault, serverFault } from "./network_rules.ts";

/** The values that {@link validateNetwork} checks together. */
export const NETWORK_URLS: readonly string[] = ["/ipv4/address", "/ipv4/prefix", "/ipv4/gateway", "/ipv4/dns"];

/**
 * Converts `value`, a value of `url` in cfg, to the notation in which it is stored, compared and looked up.
 *
 * @returns The value itself if it has only one notation, or is invalid.
 */
export function canonicalBoot(url: string, value: Value): Value {
  if (url === "/image/digest" || url === "/image/layers") return canonicalImage(url, value);
  if (typeof value !== "string") return value;
  if (url === "/ipv4/mac") return parseMac(value) ?? value;
  return url === "/rpi/serial" ? value.toLowerCase() : value;
}

/**
 * Checks `value`, a value of `url` of the boot or image extension with the right type. @returns The problem: field,
 * value, and what was expected; undefined if it is valid.
 */
export function validateBoot(url: string, value: unknown): string | undefined {
  const wrong = (expected: string | undefined) =>
    expected === undefined ? undefined : `${url} is ${JSON.stringify(value)}: expected ${expected}`;
  switch (url) {
    case "/ipv4/mac":
      return wrong(macFault(String(value)));
    case "/ipv4/address":
    case "/ipv4/gateway":
      return wrong(addressFault(String(value), 32)); // validateNetwork() checks what depends on the network
    case "/ipv4/dns":
      return wrong(listFault(value));
    case "/rpi/serial":
      return wrong(
        /^[0-9a-f]{8}$/.test(String(value)) ? undefined : "the last 8 digits of a serial number, such as 9ffefdef",
      );
    case "/boot/loader":
    case "/boot/kernel":
    case "/boot/initrd":
      return typeof value === "string" && isFilePath(value)
        ? undefined
        : wrong("a path below the boot files, such as debian-12/vmlinuz");
    case "/boot/arguments": {
      const read = readArguments(String(value));
      return read.ok ? undefined : wrong(read.expected);
    }
    case "/image/name":
    case "/image/digest":
    case "/image/url":
    case "/image/command":
    case "/image/layers":
      return validateImage(url, value);
    default:
      return undefined;
  }
}

function listFault(value: unknown): string | undefined {
  if (!Array.isArray(value)) return "IPv4 addresses such as 10.77.0.1";
  const faults = value.map((each) => serverFault(String(each), undefined));
  const fault = faults.find((each) => each !== undefined);
  if (fault !== undefined) return fault;
  return new Set(value).size < value.length ? "each address once" : undefined;
}

/**
 * Checks the address, prefix, router and name servers of a node together.
 *
 * @param cfg The node's whole cfg. {@link validateBoot} reports values that are invalid by themselves.
 * @returns Problems, one message each: field, value, and what was expected.
 */
export function validateNetwork(cfg: Values): string[] {
  const address = cfg.get("/ipv4/address");
  const given = cfg.get("/ipv4/prefix");
  if (typeof address !== "string" || validateBoot("/ipv4/address", address) !== undefined) return [];
  const place = { address, prefix: typeof given === "number" ? given : DEFAULT_PREFIX };
  const problems: string[] = [];
  function check(url: string, fault: string | undefined): void {
    const value = cfg.get(url);
    if (fault !== undefined && validateBoot(url, value) === undefined) {
      problems.push(`${url} is ${JSON.stringify(value)}: expected ${fault}`);
    }
  }
  check("/ipv4/address", addressFault(address, place.prefix));
  const gateway = cfg.get("/ipv4/gateway");
  if (typeof gateway === "string") check("/ipv4/gateway", gatewayFault(gateway, place));
  const servers = cfg.get("/ipv4/dns");
  if (Array.isArray(servers)) {
    check("/ipv4/dns", servers.map((each) => serverFault(String(each), place)).find((fault) => fault !== undefined));
  }
  return problems;
}
