import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { buildBundle } from "../build/bundle.ts";
import { cached, digest } from "../build/cache.ts";
import { runTool } from "../build/tool.ts";
import { bunPath, nodePath, ROOT } from "../runtimes.ts";
import { type Arch, ARCHES, archOf } from "../debian/arch.ts";
import type { DebianPackages } from "../debian/packages.ts";
import { nodeBase } from "./node_base.ts";
import { stripCommand } from "./tools.ts";

/** What runs the agent: a Node single-executable application, or what Bun compiles. */
export type AgentRuntime = "sea" | "bun";

/** What Node looks for in itself to know that an application was injected: fixed in Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

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
  const key = digest(readFileSync(bundle), base, builder);
  return await cached(`agent-sea-${arch}`, key, "", async (file) => {
    // Names without folders: what Node writes has them in it, and they differ from clone to clone.
    const scratch = mkdtempSync(join(tmpdir(), "kraken-sea-"));
    try {
      copyFileSync(bundle, join(scratch, "agent.cjs"));
      // A code cache would save a few milliseconds, but what V8 writes into it is not the same from build to build.
      const config = { main: "agent.cjs", output: "agent.blob", disableExperimentalSEAWarning: true };
      writeFileSync(join(scratch, "sea.json"), JSON.stringify(config));
      await runTool([builder, "--experimental-sea-config", "sea.json"], scratch);
      // Before injecting: afterwards strip would take the application for rubbish.
      await runTool([...strip, "-o", file, base]);
      const postject = [
        join(ROOT, "node_modules/postject/dist/cli.js"),
        file,
        "NODE_SEA_BLOB",
        join(scratch, "agent.blob"),
      ];
      await runTool([nodePath(), ...postject, "--sentinel-fuse", FUSE]);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    chmodSync(file, 0o755);
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
