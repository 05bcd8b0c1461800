import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { runTool } from "../build/tool.ts";
import { ROOT } from "../runtimes.ts";
import { type Arch, ARCHES } from "./arch.ts";

/** Where packages and apt's own files are kept. */
const FOLDER = join(ROOT, ".kraken", "debian");
/** Milliseconds after which the lists of packages are fetched again. */
const LISTS_AGE = 86_400_000;

/** Debian's packages, unpacked into folders. Nothing is installed, and no right is needed. */
export interface DebianPackages {
  /** The folder that a package's files are in, fetched where it is not there yet. */
  unpack(name: string, arch: Arch): Promise<string>;
  /** The folders of packages and of all that these can't do without. */
  unpackWhole(names: readonly string[], arch: Arch): Promise<string[]>;
  /** The package that a metapackage depends on, and that its pattern matches. */
  dependency(name: string, arch: Arch, pattern: RegExp): Promise<string>;
}

/**
 * Opens Debian's packages with an apt of its own state, so that the machine's is left alone: the sources and keys are
 * the machine's, which may be of one architecture only, and apt checks signatures as always.
 *
 * @throws {ProgramError} When there is no apt, or its lists can't be had.
 */
export async function openDebian(): Promise<DebianPackages> {
  if (!existsSync("/usr/bin/apt-get")) {
    throw new ProgramError(
      "Cannot fetch Debian's packages as there is no apt-get: expected a Debian machine",
    );
  }
  const config = writeConfig();
  await updateLists(config);
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

function writeConfig(): string {
  const apt = join(FOLDER, "apt");
  mkdirSync(join(apt, "lists", "partial"), { recursive: true });
  mkdirSync(join(apt, "archives", "partial"), { recursive: true });
  const status = join(apt, "status");
  if (!existsSync(status)) writeFileSync(status, "");
  const [native, foreign] = process.arch === "arm64" ? ["arm64", "amd64"] : ["amd64", "arm64"];
  const config = join(apt, "apt.conf");
  // The machine's own settings count, a proxy for one; but what it does after an update is not to happen.
  const text = `Dir::State::lists "${join(apt, "lists")}";
Dir::State::status "${status}";
Dir::Cache "${apt}";
Dir::Cache::archives "${join(apt, "archives")}";
APT::Architecture "${native}";
#clear APT::Architectures;
APT::Architectures { "${native}"; "${foreign}"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
  writeFileSync(`${config}.${process.pid}`, text);
  renameSync(`${config}.${process.pid}`, config);
  return config;
}

async function updateLists(config: string): Promise<void> {
  const lists = join(FOLDER, "apt", "lists");
  const stamp = join(FOLDER, "apt", "updated");
  const stat = statSync(stamp, { throwIfNoEntry: false });
  if (stat !== undefined && Date.now() - stat.mtimeMs < LISTS_AGE) return;
  try {
    await runTool(["apt-get", "-c", config, "-o", "DPkg::Lock::Timeout=300", "-qq", "update"]);
    writeFileSync(stamp, "");
  } catch (error) {
    // Old lists do, should the network be away: what was fetched by them is still there.
    if (!readdirSync(lists).some((name) => name.includes("_Packages"))) throw error;
  }
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
