import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { runTool } from "../build/tool.ts";

/** What is in the image, and the libraries that an agent is linked with which is started from it. */
const PACKAGES = ["busybox-static", "dropbear-bin", "libstdc++6"];

/** apt-cache's options for what a package can't do without. */
const NEEDED = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);

/**
 * Fetches Debian's packages with all that they depend on and unpacks them into a folder. Nothing is installed.
 *
 * @returns The packages' files, with their versions.
 */
export async function unpackPackages(folder: string): Promise<string[]> {
  const depends = await runTool(["apt-cache", "depends", "--recurse", "--important", ...NEEDED, ...PACKAGES]);
  // A word without blanks before it is a package; what only stands for others is in angle brackets.
  const names = depends.split("\n").filter((line) => /^[a-z0-9]/.test(line));
  const unknown = PACKAGES.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ProgramError(
      `Cannot find Debian's package '${unknown}': expected a Debian machine, after apt-get update`,
    );
  }
  const scratch = mkdtempSync(join(tmpdir(), "kraken-packages-"));
  try {
    await runTool(["apt-get", "-o", "APT::Sandbox::User=root", "-qq", "download", ...new Set(names)], scratch);
    const files = readdirSync(scratch).sort();
    mkdirSync(folder, { recursive: true });
    for (const file of files) await runTool(["dpkg-deb", "-x", join(scratch, file), folder]);
    return files;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
