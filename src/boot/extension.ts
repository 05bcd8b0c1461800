import { defineExtension } from "../state/mod.ts";

/** How a machine comes to its kernel: `none`, not at all as far as Kraken is concerned; `other`, by itself. */
export const BOOT_METHODS = ["none", "pxe", "rpi", "other"] as const;
/** See {@link BOOT_METHODS}. */
export type BootMethod = typeof BOOT_METHODS[number];

/** What boot services log: `info`, what matters; `debug`, a line for each exchange with a machine. */
export const BOOT_LOG_LEVELS = ["info", "debug"] as const;

const address = { kind: "string", maxLength: 15 } as const;
const file = { kind: "string", maxLength: 256 } as const;

/** A machine's network interface, and what it boots. IPv4; IPv6 would be a group of its own beside `/ipv4`. */
export const boot = defineExtension("boot", {
  "/ipv4/mac": {
    type: { kind: "string", maxLength: 17 },
    writer: "cfg",
    about: "MAC address of the interface that it boots from, such as 52:54:00:77:00:01",
  },
  "/ipv4/address": { type: address, writer: "cfg", about: "Its address, such as 10.77.0.11" },
  "/ipv4/prefix": {
    type: { kind: "integer", min: 1, max: 32 },
    writer: "cfg",
    about: "Bits of the network's part of the address; where absent 24",
  },
  "/ipv4/gateway": { type: address, writer: "cfg", about: "The router of its network" },
  "/ipv4/dns": {
    type: { kind: "list", items: address, maxItems: 8 },
    writer: "cfg",
    about: "Addresses of name servers",
  },
  "/boot/method": {
    type: { kind: "enum", values: BOOT_METHODS },
    writer: "cfg",
    about: "pxe: from its aggregator's boot services; rpi: the same for a Raspberry Pi; other: by itself",
  },
  "/boot/loader": {
    type: file,
    writer: "cfg",
    about:
      "What its firmware boots first, below the boot files; where absent the iPXE that fits its /arch and its firmware",
  },
  "/boot/kernel": { type: file, writer: "cfg", about: "Its kernel, below the boot files; where absent vmlinuz" },
  "/boot/initrd": { type: file, writer: "cfg", about: "Its initramfs, likewise; where absent initrd.img" },
  "/boot/arguments": {
    type: { kind: "string", maxLength: 2048 },
    writer: "cfg",
    about: "Kernel arguments beside Kraken's own, such as console=ttyS0",
  },
  "/boot/memory": {
    type: { kind: "integer", min: 1 },
    writer: "cfg",
    about: "Memory of its machine in MiB, which what it boots must fit in; where absent /boot/seenMemory counts",
  },
  "/boot/seenMemory": {
    type: { kind: "integer", min: 1 },
    writer: "parent",
    about: "Memory in MiB that its machine had when it last ran an agent",
  },
  "/boot/log": {
    type: { kind: "enum", values: BOOT_LOG_LEVELS },
    writer: "cfg",
    about: "Of an aggregator's own node: debug logs a line for each exchange of its boot services with a machine",
  },
});
