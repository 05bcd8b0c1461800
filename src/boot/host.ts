import type { Values } from "../state/mod.ts";
import { type BootAddress, isIpv4, parseMac } from "./address.ts";
import { isFilePath, readArguments } from "./arguments.ts";
import { BOOT_METHODS, type BootMethod } from "./extension.ts";

/** What boots where a node's cfg names no files. */
const KERNEL = "vmlinuz";
const INITRD = "initrd.img";
/** Bits of the network's part of an address, where cfg says nothing. */
const PREFIX = 24;

/** What a node's cfg says of how its machine boots. */
export interface BootHost {
  readonly method: BootMethod;
  /** Lower case, with colons. */
  readonly mac?: string;
  /** Absent where another server gives it one. */
  readonly lease?: BootAddress;
  /** Paths below the boot files. */
  readonly kernel: string;
  readonly initrd: string;
  /** Kernel arguments beside Kraken's own: words that need no quoting. */
  readonly arguments: readonly string[];
}

/** Reads a node's cfg. What does not fit is left out: {@link complainBoot} says so when it is written. */
export function bootHostOf(cfg: Values): BootHost {
  const text = (url: string): string | undefined => {
    const value = cfg.get(url);
    return typeof value === "string" ? value : undefined;
  };
  const ip = (url: string): string | undefined => {
    const value = text(url);
    return value !== undefined && isIpv4(value) ? value : undefined;
  };
  const method = BOOT_METHODS.find((known) => known === cfg.get("/boot/method")) ?? "none";
  const mac = parseMac(text("/ipv4/mac") ?? "");
  const address = ip("/ipv4/address");
  const gateway = ip("/ipv4/gateway");
  const prefix = cfg.get("/ipv4/prefix");
  const servers = cfg.get("/ipv4/dns");
  const dns = Array.isArray(servers) ? servers.filter((server) => typeof server === "string").filter(isIpv4) : [];
  const file = (url: string, usual: string): string => {
    const value = text(url) ?? usual;
    return isFilePath(value) ? value : usual;
  };
  const given = readArguments(text("/boot/arguments") ?? "");
  return {
    method,
    ...(mac !== undefined && { mac }),
    ...(address !== undefined && {
      lease: {
        address,
        prefix: typeof prefix === "number" ? prefix : PREFIX,
        ...(gateway !== undefined && { gateway }),
        ...(dns.length > 0 && { dns }),
      },
    }),
    kernel: file("/boot/kernel", KERNEL),
    initrd: file("/boot/initrd", INITRD),
    arguments: given.ok ? given.words : [],
  };
}

/** What is wrong with one value of the boot extension whose type is right: field, value, and what was expected. */
export function complainBoot(url: string, value: unknown): string | undefined {
  const wrong = (expected: string) => `${url} is ${JSON.stringify(value)}: expected ${expected}`;
  switch (url) {
    case "/ipv4/mac":
      return typeof value === "string" && parseMac(value) === value
        ? undefined
        : wrong("a MAC address in lower case, such as 52:54:00:77:00:01");
    case "/ipv4/address":
    case "/ipv4/gateway":
      return typeof value === "string" && isIpv4(value) ? undefined : wrong("an IPv4 address such as 10.77.0.11");
    case "/ipv4/dns":
      return Array.isArray(value) && value.every((each) => typeof each === "string" && isIpv4(each))
        ? undefined
        : wrong("IPv4 addresses such as 10.77.0.1");
    case "/boot/kernel":
    case "/boot/initrd":
      return typeof value === "string" && isFilePath(value)
        ? undefined
        : wrong("a path below the boot files, such as debian-12/vmlinuz");
    case "/boot/arguments": {
      const read = readArguments(String(value));
      return read.ok ? undefined : wrong(read.expected);
    }
    default:
      return undefined;
  }
}
