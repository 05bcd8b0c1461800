import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, linkSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../runtimes.ts";
import { buildBootFiles, type Built } from "../build-initramfs/build.ts";

/** Builds kernel, initramfs and iPXE for virtual machines, where sources or packages have changed. */
export function buildForMachines(): Promise<Built> {
  return buildBootFiles({
    ...{ arch: "x86_64", kernel: "cloud", runtime: "sea", layout: "squashfs", compression: "zstd" },
    output: join(ROOT, ".kraken", "vcluster-boot"),
  });
}

/** Puts what the aggregator serves into a folder. */
export function layOutBootFiles(built: Built, folder: string): void {
  mkdirSync(join(folder, "images"), { recursive: true });
  for (const { file } of [built.kernel, built.initramfs, ...built.ipxe]) place(file, join(folder, basename(file)));
}

/** Adds a root image to what is served. @returns Its name there, and its SHA-256. */
export async function addImage(
  file: string,
  folder: string,
): Promise<{ readonly name: string; readonly digest: string }> {
  const name = basename(file).replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "image";
  place(file, join(folder, "images", name));
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return { name, digest: hash.digest("hex") };
}

/** A second name for a file costs nothing; where it can't have one, a copy. */
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
