import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ProgramError } from "../../src/cli/mod.ts";
import { runTool } from "../build/tool.ts";

/** Milliseconds after which the lists of packages are fetched again. */
const LISTS_AGE = 86_400_000;
/** The keys that Debian signs its releases with, as its package `debian-archive-keyring` has them. */
const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Makes a state of its own for apt, with lists of packages, so that the machine's is left alone: the sources and keys are
 * the machine's, which may be of one architecture only, and apt checks signatures as always.
 *
 * @param folder Where it is kept.
 * @param release The name of another release of Debian than the machine's, which the machine's mirror has too.
 * @returns The file that apt's programs take with `-c`.
 * @throws {ProgramError} If there is no apt, or its lists can't be downloaded.
 */
export async function prepareApt(folder: string, release?: string): Promise<string> {
  if (!existsSync("/usr/bin/apt-get")) {
    throw new ProgramError(
      "Cannot fetch Debian's packages as there is no apt-get: expected a Debian machine",
    );
  }
  if (release === undefined) {
    const config = writeConfig(folder, "");
    await updateLists(config, folder);
    return config;
  }
  const own = await prepareApt(folder);
  const other = `${folder}-${release}`;
  mkdirSync(other, { recursive: true });
  const sources = join(other, "sources.list");
  writeFileSync(sources, `deb [signed-by=${KEYS}] ${await mirrorOf(own)} ${release} main\n`);
  const config = writeConfig(other, `Dir::Etc::sourcelist "${sources}";\nDir::Etc::sourceparts "/dev/null";\n`);
  await updateLists(config, other);
  return config;
}

/** Where the machine gets Debian itself from, beside its security updates and what others have. */
async function mirrorOf(config: string): Promise<string> {
  const format = ["--format", "$(LABEL) $(SITE)", "Created-By: Packages"];
  const printed = await runTool(["apt-get", "-c", config, "indextargets", ...format]);
  const [, site] = /^Debian (\S+)$/m.exec(printed) ?? [];
  if (site === undefined) throw new ProgramError(`Cannot find Debian's mirror among apt's sources: ${printed}`);
  return site;
}

function writeConfig(apt: string, more: string): string {
  mkdirSync(join(apt, "lists", "partial"), { recursive: true });
  mkdirSync(join(apt, "archives", "partial"), { recursive: true });
  const status = join(apt, "status");
  if (!existsSync(status)) writeFileSync(status, "");
  const [native, foreign] = process.arch === "arm64" ? ["arm64", "amd64"] : ["amd64", "arm64"];
  const config = join(apt, "apt.conf");
  // The machine's own settings count, a proxy for one; but what it does after an update is not to happen. Machines that are made
  // small keep nothing of what apt has read, which each of its calls would read again, for a second or more.
  const text = `Dir::State::lists "${join(apt, "lists")}";
Dir::State::status "${status}";
Dir::Cache "${apt}";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Cache::archives "${join(apt, "archives")}";
APT::Architecture "${native}";
#clear APT::Architectures;
APT::Architectures { "${native}"; "${foreign}"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
${more}`;
  writeFileSync(`${config}.${process.pid}`, text);
  renameSync(`${config}.${process.pid}`, config);
  return config;
}

async function updateLists(config: string, apt: string): Promise<void> {
  const stamp = join(apt, "updated");
  const stat = statSync(stamp, { throwIfNoEntry: false });
  if (stat !== undefined && Date.now() - stat.mtimeMs < LISTS_AGE) return;
  try {
    await runTool(["apt-get", "-c", config, "-o", "DPkg::Lock::Timeout=300", "-qq", "update"]);
    writeFileSync(stamp, "");
  } catch (error) {
    // Old lists do, should the network be away: what was fetched by them is still there.
    if (!readdirSync(join(apt, "lists")).some((name) => name.includes("_Packages"))) throw error;
  }
}
