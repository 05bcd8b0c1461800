import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { runTool } from "../build/tool.ts";
import { ROOT } from "../runtimes.ts";
import { prepareApt } from "./apt.ts";
import { type Arch, ARCHES } from "./arch.ts";

/** Where packages are kept, and what is on its way there. */
const FOLDER = join(ROOT, ".kraken", "debian");

/** Debian's packages, unpacked into folders. Nothing is installed, and no right is needed. */
export interface DebianPackages {
  /** The folder that a package's files are in, fetched where it is not there yet. */
  unpack(name: string, arch: Arch): Promise<string>;
  /** The same of several, in their order; apt is asked once, which takes it a third of a second. */
  unpackEach(names: readonly string[], arch: Arch): Promise<string[]>;
  /** The folders of packages and of all that these can't do without. */
  unpackWhole(names: readonly string[], arch: Arch): Promise<string[]>;
  /** The package that a metapackage depends on, and that its pattern matches. */
  dependency(name: string, arch: Arch, pattern: RegExp): Promise<string>;
}

/**
 * Opens Debian's packages with an apt of its own state ({@link prepareApt}).
 *
 * @param release The name of another release than the machine's.
 * @throws {ProgramError} If there is no apt, or its lists can't be downloaded.
 */
export async function openDebian(release?: string): Promise<DebianPackages> {
  const config = await prepareApt(join(FOLDER, "apt"), release);
  async function unpackAll(names: readonly string[]): Promise<string[]> {
    const printed = await runTool(["apt-get", "-c", config, "download", "-qq", "--print-uris", ...names]);
    const files = [...printed.matchAll(/^'[^']*' (\S+)\.deb \d+/gm)].map(([, file]) => file ?? "");
    if (files.length !== names.length) {
      throw new ProgramError(`Cannot find Debian's packages ${names.join(", ")}: apt-get printed '${printed}'`);
    }
    const folders: string[] = [];
    for (const file of files) {
      // As it is in a URL: a colon would end the path in a list of paths.
      const folder = join(FOLDER, "packages", file);
      const [name = "", , arch] = file.split("_");
      if (!existsSync(folder)) await fetchInto(folder, config, arch === "all" ? name : `${name}:${arch}`);
      folders.push(folder);
    }
    return folders;
  }
  return {
    async unpack(name, arch) {
      const [folder = ""] = await unpackAll([`${name}:${ARCHES[arch].debian}`]);
      return folder;
    },
    async unpackEach(names, arch) {
      const folders = await unpackAll(names.map((name) => `${name}:${ARCHES[arch].debian}`));
      return names.map((name) => {
        const found = folders.find((folder) => basename(folder).startsWith(`${name}_`));
        if (found === undefined) throw new ProgramError(`Cannot find Debian's package ${name}: apt-get has another`);
        return found;
      });
    },
    async unpackWhole(names, arch) {
      const wanted = names.map((name) => `${name}:${ARCHES[arch].debian}`);
      const printed = await runTool([
        ...["apt-cache", "-c", config, "depends", "--recurse", "--important"],
        ...["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`),
        ...wanted,
      ]);
      // A word without blanks before it is a package; what only stands for others is in angle brackets.
      const found = printed.split("\n").filter((line) => /^[a-z0-9]/.test(line));
      return await unpackAll([...new Set(found)]);
    },
    async dependency(name, arch, pattern) {
      const full = `${name}:${ARCHES[arch].debian}`;
      const printed = await runTool(["apt-cache", "-c", config, "depends", full]);
      const found = [...printed.matchAll(/^\s*Depends: ([^:\s<>]+)/gm)].map(([, each]) => each ?? "");
      const match = found.find((each) => pattern.test(each));
      if (match === undefined) {
        throw new ProgramError(`Cannot find what ${full} stands for: it depends on ${found.join(", ")}`);
      }
      return match;
    },
  };
}

async function fetchInto(folder: string, config: string, name: string): Promise<void> {
  mkdirSync(join(FOLDER, "packages"), { recursive: true });
  const scratch = mkdtempSync(join(FOLDER, "fetch-"));
  try {
    await runTool(["apt-get", "-c", config, "download", "-qq", name], scratch);
    const [file = ""] = readdirSync(scratch).filter((each) => each.endsWith(".deb"));
    await runTool(["dpkg-deb", "-x", file, "unpacked"], scratch);
    renameSync(join(scratch, "unpacked"), folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another build has fetched the same meanwhile
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
