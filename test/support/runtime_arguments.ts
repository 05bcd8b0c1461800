import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildBundle } from "../../scripts/build/bundle.ts";

/**
 * The arguments with which this runtime (`process.execPath`) runs a TypeScript file as a process of its own. Node runs a
 * bundle of it: to have every file translated as it is loaded takes a second for each start.
 */
export async function runtimeArguments(file: string): Promise<string[]> {
  if (process.versions["deno"] !== undefined) {
    const config = fileURLToPath(new URL("../../deno.offline.json", import.meta.url));
    return ["run", "-A", "--quiet", "--no-check", "--config", config, file];
  }
  if (process.versions["bun"] !== undefined) return ["run", file];
  return [await buildBundle({ name: `test-${basename(file, ".ts")}`, entry: file })];
}
