import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { ProgramError } from "../../src/cli/mod.ts";
import { runTool } from "../build/tool.ts";
import { archOf } from "../debian/arch.ts";
import { openDebian } from "../debian/packages.ts";
import { makeSystem, PACKAGES } from "./system.ts";

/** An image that was made. */
export interface BuiltImage {
  readonly name: string;
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
  /** The Debian packages that it was made of. */
  readonly packages: readonly string[];
}

/** Makes an image. The same packages, or the same folder, give the same bytes: no file has a time, or an owner but root. */
export async function buildImage(
  options: {
    readonly name: string;
    readonly label: string;
    readonly tree?: string | undefined;
    readonly output: string;
  },
): Promise<BuiltImage> {
  const { name, label, tree, output } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
    throw new ProgramError(`Option '--name' is '${name}': expected letters, digits, '.', '_' and '-'`);
  }
  if (tree !== undefined && statSync(tree, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new ProgramError(`Option '--tree' is '${tree}': expected a folder`);
  }
  const scratch = mkdtempSync(join(tmpdir(), "kraken-image-"));
  const umask = process.umask(0o022); // modes are part of the image
  try {
    let packages: string[] = [];
    if (tree === undefined) {
      const arch = archOf(process.arch);
      packages = await (await openDebian()).unpackWhole(PACKAGES, arch);
      await makeSystem(packages, join(scratch, "system"), { arch, label });
    }
    mkdirSync(output, { recursive: true });
    const file = join(output, name);
    await squash(tree ?? join(scratch, "system"), `${file}.new`);
    renameSync(`${file}.new`, file);
    const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
    return { name, file, size: statSync(file).size, digest, packages: packages.map((each) => basename(each)) };
  } finally {
    process.umask(umask);
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function squash(folder: string, file: string): Promise<void> {
  await runTool([
    ...["mksquashfs", folder, file, "-noappend", "-quiet", "-no-progress", "-comp", "zstd"],
    ...["-all-root", "-all-time", "0", "-mkfs-time", "0", "-no-xattrs", "-root-mode", "755"],
  ]);
}
