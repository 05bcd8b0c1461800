import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Arch, ARCHES, archOf } from "../debian/arch.ts";
import type { DebianPackages } from "../debian/packages.ts";

/** Tools that the build needs: the file, and the packages that have it and those of its libraries that Debian may lack. */
const TOOLS = {
  mksquashfs: { file: "usr/bin/mksquashfs", packages: ["squashfs-tools", "liblzo2-2", "liblz4-1", "libzstd1"] },
  zstd: { file: "usr/bin/zstd", packages: ["zstd", "liblz4-1"] },
  xz: { file: "usr/bin/xz", packages: ["xz-utils"] },
} as const;

/**
 * The command of a tool, from Debian's packages, so that every machine builds with the same one: nothing has to be
 * installed.
 */
export async function toolCommand(tool: keyof typeof TOOLS, debian: DebianPackages): Promise<string[]> {
  const { file, packages } = TOOLS[tool];
  return await unpackedCommand(file, packages, debian);
}

/** The command that takes symbols out of executables of an architecture, which may be another one than this machine's. */
export async function stripCommand(arch: Arch, debian: DebianPackages): Promise<string[]> {
  const { gnu } = ARCHES[arch];
  const packages = [`binutils-${gnu.replaceAll("_", "-")}`, "libbinutils", "libjansson4"];
  return await unpackedCommand(`usr/bin/${gnu}-strip`, packages, debian);
}

async function unpackedCommand(file: string, packages: readonly string[], debian: DebianPackages): Promise<string[]> {
  const own = archOf(process.arch);
  const folders = await debian.unpackEach(packages, own);
  const { gnu } = ARCHES[own];
  const libraries = folders.flatMap((folder) => [join(folder, "usr/lib", gnu), join(folder, "lib", gnu)]).filter((
    each,
  ) => existsSync(each));
  return ["env", `LD_LIBRARY_PATH=${libraries.join(":")}`, join(folders[0] ?? "", file)];
}
