import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, linkSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { ROOT } from "../runtimes.ts";
import { buildBootFiles, type Built } from "../build-initramfs/build.ts";
import type { Arch } from "../debian/arch.ts";

/**
 * Builds kernel, initramfs and iPXE for virtual machines of these architectures, where sources or packages have changed.
 *
 * @throws {ProgramError} When there is no iPXE for one of them.
 */
export async function buildForMachines(machines: readonly { readonly arch: Arch }[]): Promise<readonly Built[]> {
  const built: Built[] = [];
  for (const arch of new Set(machines.map(({ arch }) => arch))) {
    const files = await buildBootFiles({
      ...{ arch, kernel: "cloud", runtime: "sea", layout: "squashfs", compression: "zstd" },
      output: join(ROOT, ".kraken", "vcluster-boot"),
    });
    if (files.ipxeProblem !== undefined) throw new ProgramError(files.ipxeProblem);
    built.push(files);
  }
  return built;
}

/** Puts what the aggregator serves into a folder. */
export function layOutBootFiles(built: readonly Built[], folder: string): void {
  mkdirSync(join(folder, "images"), { recursive: true });
  const files = built.flatMap(({ kernel, initramfs, ipxe }) => [kernel, initramfs, ...ipxe]);
  for (const { file } of files) place(file, join(folder, basename(file)));
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
