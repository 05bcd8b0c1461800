import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildBootFiles, type BuildOptions, type Built } from "../../build-initramfs/build.ts";
import { writeCpio } from "../../build-initramfs/cpio.ts";
import { openDebian } from "../../debian/packages.ts";
import { BARE } from "./measure.ts";

/** What an initramfs is made of. */
export type Kind = Pick<BuildOptions, "runtime" | "layout" | "compression">;

/** The one that is used. */
export const USED: Kind = { runtime: "sea", layout: "squashfs", compression: "zstd" };

/** All that are compared. */
export const KINDS: readonly Kind[] = [
  USED,
  { runtime: "sea", layout: "squashfs", compression: "xz" },
  { runtime: "sea", layout: "plain", compression: "zstd" },
  { runtime: "sea", layout: "plain", compression: "xz" },
  { runtime: "bun", layout: "squashfs", compression: "zstd" },
];

/** Builds what a kind of machine boots. */
export function buildKind(kind: Kind, output: string): Promise<Built> {
  return buildBootFiles({ ...kind, arch: "x86_64", kernel: "cloud", output });
}

/** Puts an initramfs in the place of another one that has nothing but an init, which says that it is there. */
export async function makeBare(folder: string): Promise<void> {
  const debian = await openDebian();
  const busybox = readFileSync(join(await debian.unpack("busybox-static", "x86_64"), "bin/busybox"));
  const init = `#!/bin/busybox sh\necho ${BARE}\nwhile :; do /bin/busybox sleep 3600; done\n`;
  const archive = writeCpio([
    { kind: "file", path: "init", mode: 0o755, data: new TextEncoder().encode(init) },
    { kind: "file", path: "bin/busybox", mode: 0o755, data: busybox },
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
  ]);
  writeFileSync(join(folder, "initrd.img"), archive);
}
