import type { Values } from "../state/mod.ts";
import { type BootAddress, parseMac } from "./address.ts";
import { isFilePath, readArguments } from "./arguments.ts";
import { BOOT_METHODS, type BootMethod } from "./extension.ts";
import { addressFault, DEFAULT_PREFIX, gatewayFault, macFault, serverFault } from "./network_rules.ts";

/** The default files. */
const KERNEL = "vmlinuz";
const INITRD = "initrd.img";

/** The boot settings of a node's cfg. */
export interface BootHost {
  readonly method: BootMethod;
  /** Lower case, with colons. */
  readonly mac?: string;
  /** Absent if another server assigns it. */
  readonly lease?: BootAddress;
  /** Paths in the boot files. */
  readonly kernel: string;
  readonly initrd: string;
  /** The path of the boot program for its firmware; absent: the matching iPXE. */
  readonly loader?: string;
  /** Its architecture by cfg, such as `aarch64`. */
  readonly arch?: string;
  /** Kernel arguments in addition to Kraken's own: words that need no quoting. */
  readonly arguments: readonly string[];
}

/**
 * Reads `cfg` of a node. Leaves out invalid values: {@link validateBoot} and {@link validateNetwork} report them when
 * they are written.
 */
export function bootHostOf(cfg: Values): BootHost {
  const text = (url: string): string => {
    const value = cfg.get(url);
    return typeof value === "string" ? value : "";
  };
  const method = BOOT_METHODS.find((known) => known === cfg.get("/boot/method")) ?? "none";
  const mac = parseMac(text("/ipv4/mac"));
  const lease = leaseOf(cfg, text);
  const file = (url: string, usual: string): string => isFilePath(text(url)) ? text(url) : usual;
  const given = readArguments(text("/boot/arguments"));
  const loader = text("/boot/loader");
  const arch = text("/arch");
  return {
    method,
    ...(mac !== undefined && macFault(mac) === undefined && { mac }),
    ...(lease !== undefined && { lease }),
    kernel: file("/boot/kernel", KERNEL),
    initrd: file("/boot/initrd", INITRD),
    ...(isFilePath(loader) && { loader }),
    ...(arch !== "" && { arch }),
    arguments: given.ok ? given.value : [],
  };
}

/** Returns the address to assign to a machine; undefined if it is invalid. */
function leaseOf(cfg: Values, text: (url: string) => string): BootAddress | undefined {
  const address = text("/ipv4/address");
  const given = cfg.get("/ipv4/prefix");
  const prefix = typeof given === "number" ? given : DEFAULT_PREFIX;
  if (addressFault(address, prefix) !== undefined) return undefined;
  const gateway = text("/ipv4/gateway");
  const servers = cfg.get("/ipv4/dns");
  const dns = Array.isArray(servers) ? servers.filter((server) => typeof server === "string") : [];
  const reachable = dns.filter((server) => serverFault(server, { address, prefix }) === undefined);
  return {
    address,
    prefix,
    ...(gatewayFault(gateway, { address, prefix }) === undefined && { gateway }),
    ...(reachable.length > 0 && { dns: reachable }),
  };
}
