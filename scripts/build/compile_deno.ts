import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { denoPath } from "../runtimes.ts";
import { buildBundle, type Source, sourceName } from "./bundle.ts";
import { cached, digest } from "./cache.ts";
import { runTool } from "./tool.ts";

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
