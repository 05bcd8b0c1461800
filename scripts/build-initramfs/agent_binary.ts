import { readFileSync } from "node:fs";
import process from "node:process";
import { ProgramError } from "../../src/cli/mod.ts";
import { buildBundle } from "../build/bundle.ts";
import { cached, digest } from "../build/cache.ts";
import { makeSea } from "../build/sea.ts";
import { runTool } from "../build/tool.ts";
import { bunPath } from "../runtimes.ts";
import { type Arch, ARCHES, archOf } from "../debian/arch.ts";
import type { DebianPackages } from "../debian/packages.ts";
import { nodeBase } from "./node_base.ts";
import { stripCommand } from "./tools.ts";

/** What runs the agent: a Node single-executable application, or what Bun compiles. */
export type AgentRuntime = "sea" | "bun";

/**
 * Compiles the agent and its runtime into one executable for an architecture.
 *
 * @returns Where it is, in the cache.
 */
export function agentBinary(arch: Arch, runtime: AgentRuntime, debian: DebianPackages): Promise<string> {
  return runtime === "sea" ? seaBinary(arch, debian) : bunBinary(arch);
}

async function seaBinary(arch: Arch, debian: DebianPackages): Promise<string> {
  const own = archOf(process.arch);
  const bundle = await buildBundle("agent", "cjs");
  const base = await nodeBase(ARCHES[arch].node);
  const builder = await nodeBase(ARCHES[own].node);
  const strip = await stripCommand(arch, debian);
  const useCodeCache = arch === own;
  const key = digest(readFileSync(bundle), base, builder, "trimmed", String(useCodeCache));
  return await cached(`agent-sea-${arch}`, key, "", async (file) => {
    const parts = { bundle, base, builder, strip, useCodeCache, forAgents: true };
    const { trimmed } = await makeSea(file, parts);
    if (!trimmed) {
      throw new ProgramError(`Cannot find ICU's data in npm's Node for ${arch}: expected it to be linked in`);
    }
  });
}

async function bunBinary(arch: Arch): Promise<string> {
  const bundle = await buildBundle("agent");
  const key = digest(readFileSync(bundle), await runTool([bunPath(), "--version"]), arch);
  return await cached(`agent-bun-${arch}`, key, "", async (file) => {
    const target = `--target=bun-linux-${ARCHES[arch].node}`;
    await runTool([bunPath(), "build", "--compile", "--bytecode", "--format=esm", target, bundle, "--outfile", file]);
  });
}
