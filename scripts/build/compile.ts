import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bunPath, denoPath, nodePath } from "../runtimes.ts";
import { buildBundle, type Source, sourceName } from "./bundle.ts";
import { cached, digest } from "./cache.ts";
import { makeSea } from "./sea.ts";
import { runTool } from "./tool.ts";

const OPTIONS = [
  "--compile",
  // Bytecode costs 1 MB and saves a third of the start-up time, more with a larger program.
  ...["--bytecode", "--format=esm"],
  // A binary is what it is, whatever files lie where it is started: .env and bunfig.toml are not its own.
  ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
];

/**
 * Compiles a program's bundle and Bun into one executable for this machine's platform.
 *
 * @returns Where it is, in the cache.
 */
export async function compileBun(source: Source): Promise<string> {
  const bundle = await buildBundle(source);
  const key = digest(readFileSync(bundle), await runTool([bunPath(), "--version"]), ...OPTIONS);
  return cached(`${sourceName(source)}-bun`, key, "", async (file) => {
    await runTool([bunPath(), "build", ...OPTIONS, bundle, "--outfile", file]);
  });
}

/**
 * Whether `deno compile` has its base binary, denort: named by `DENORT_BIN`, or in Deno's own cache. npm's package does
 * not bring it, and nothing is downloaded for it here.
 */
export async function haveDenort(): Promise<boolean> {
  if (process.env.DENORT_BIN !== undefined) return existsSync(process.env.DENORT_BIN);
  const info: { denoDir?: unknown } = JSON.parse(await runTool([denoPath(), "info", "--json"]));
  const version = /^deno (\S+)/.exec(await runTool([denoPath(), "--version"]))?.[1];
  if (typeof info.denoDir !== "string" || version === undefined) return false;
  const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-unknown-linux-gnu`;
  return existsSync(join(info.denoDir, "dl", "release", `v${version}`, `denort-${target}.zip`));
}

/**
 * Compiles a program's bundle with `deno compile`.
 *
 * @returns Where the executable is, in the cache.
 */
export async function compileDeno(source: Source): Promise<string> {
  const bundle = await buildBundle(source);
  const key = digest(readFileSync(bundle), await runTool([denoPath(), "--version"]));
  return cached(`${sourceName(source)}-deno`, key, "", async (file) => {
    await runTool([denoPath(), "compile", "-A", "--no-check", "--no-config", "--output", file, bundle]);
  });
}

/**
 * Makes a Node single-executable application of a program, of the Node that is here.
 *
 * @returns Where it is, in the cache.
 */
export async function compileSea(source: Source): Promise<string> {
  const bundle = await buildBundle(source, "cjs");
  const node = nodePath();
  const forAgents = source === "agent";
  const key = digest(readFileSync(bundle), await runTool([node, "--version"]), String(forAgents));
  return cached(`${sourceName(source)}-sea`, key, "", async (file) => {
    await makeSea(file, { bundle, base: node, builder: node, strip: ["strip"], useCodeCache: true, forAgents });
  });
}
