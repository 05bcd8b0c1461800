import { defineExtension } from "../state/mod.ts";

/** How a machine boots: `none`: not with Kraken; `other`: by itself. */
export const BOOT_METHODS = ["none", "pxe", "rpi", "other"] as const;
/** See {@link BOOT_METHODS}. */
export type BootMethod = typeof BOOT_METHODS[number];

const address = { kind: "string", maxLength: 15 } as const;
const file = { kind: "string", maxLength: 256 } as const;

/** The boot interface of a machine, and what it boots. IPv4 only; IPv6 would be a group of its own beside `/ipv4`. */
export const boot = defineExtension("boot", {
  "/ipv4/mac": {
    type: { kind: "string", maxLength: 17 },
    writer: "cfg",
    about: "MAC address of the interface that the machine boots from, such as 52:54:00:77:00:01",
  },
  "/ipv4/address": { type: address, writer: "cfg", about: "Address of the machine, such as 10.77.0.11" },
  "/ipv4/prefix": {
    type: { kind: "integer", min: 1, max: 32 },
    writer: "cfg",
    about: "Length of the network prefix, in bits. Default: 24",
  },
  "/ipv4/gateway": { type: address, writer: "cfg", about: "Router of the network" },
  "/ipv4/dns": {
    type: { kind: "list", items: address, maxItems: 8 },
    writer: "cfg",
    about: "Addresses of name servers",
  },
  "/boot/method": {
    type: { kind: "enum", values: BOOT_METHODS },
    writer: "cfg",
    about:
      "pxe: boots from the aggregator's boot services; rpi: the same for a Raspberry Pi; other: boots by itself. Default: none",
  },
  "/boot/loader": {
    type: file,
    writer: "cfg",
    about:
      "File that the firmware boots first, a path in the boot files. Default: the iPXE that fits /arch and the firmware",
  },
  "/boot/kernel": { type: file, writer: "cfg", about: "Kernel, a path in the boot files. Default: vmlinuz" },
  "/boot/initrd": { type: file, writer: "cfg", about: "Initramfs, a path in the boot files. Default: initrd.img" },
  "/boot/arguments": {
    type: { kind: "string", maxLength: 2048 },
    writer: "cfg",
    about: "Kernel arguments in addition to Kraken's own, such as console=ttyS0",
  },
  "/boot/memory": {
    type: { kind: "integer", min: 1 },
    writer: "cfg",
    about: "Memory of the machine, in MiB. Default: /boot/seenMemory",
  },
  "/boot/seenMemory": {
    type: { kind: "integer", min: 1 },
    writer: "parent",
    about: "Memory that the machine's agent last reported, in MiB",
  },
});
