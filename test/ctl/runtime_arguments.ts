import process from "node:process";
import { fileURLToPath } from "node:url";

/** The arguments with which this runtime (`process.execPath`) runs a TypeScript file as a process of its own. */
export function runtimeArguments(file: string): string[] {
  if (process.versions["deno"] !== undefined) {
    const config = fileURLToPath(new URL("../../deno.offline.json", import.meta.url));
    return ["run", "-A", "--quiet", "--no-check", "--config", config, file];
  }
  if (process.versions["bun"] !== undefined) return ["run", file];
  return ["--import", import.meta.resolve("tsx"), file];
}
