import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Entry } from "./cpio.ts";

/** The files that are the same in every initramfs; those that begin with `#!` are programs. */
const ROOTFS = join(dirname(fileURLToPath(import.meta.url)), "rootfs");

/** What every initramfs has beside modules and agent: init with its helpers, busybox, and the devices that it begins with. */
export function skeleton(busybox: Uint8Array): Entry[] {
  const files = readdirSync(ROOTFS, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry): Entry => {
      const file = join(entry.parentPath, entry.name);
      const data = readFileSync(file);
      return {
        kind: "file",
        path: relative(ROOTFS, file),
        mode: data[0] === 0x23 && data[1] === 0x21 ? 0o755 : 0o644,
        data,
      };
    });
  return [
    ...files,
    { kind: "file", path: "bin/busybox", mode: 0o755, data: busybox },
    { kind: "link", path: "bin/sh", target: "busybox" },
    { kind: "link", path: "sbin", target: "bin" },
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
    { kind: "device", path: "dev/null", mode: 0o666, major: 1, minor: 3 },
  ];
}
