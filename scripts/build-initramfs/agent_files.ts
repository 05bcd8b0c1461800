import { dirname } from "node:path";
import type { AgentRuntime } from "./agent_binary.ts";
import { type Arch, ARCHES } from "../debian/arch.ts";
import type { FileEntry } from "./cpio.ts";
import { closeLibraries } from "../debian/libraries.ts";

/**
 * The agent's executable with its loader and every library that it is linked with, and a script `start` that runs it from
 * the folder that it is in, whatever root that is below.
 *
 * @param parts `folders`: unpacked packages with libraries.
 * @throws {RangeError} When a library is in none of them: names who needs it.
 */
export function agentFiles(
  binary: Uint8Array,
  { arch, runtime, folders }: {
    readonly arch: Arch;
    readonly runtime: AgentRuntime;
    readonly folders: readonly string[];
  },
): FileEntry[] {
  const { files, loader } = closeLibraries([{ path: "bin/kraken-agent", data: binary }], arch, folders);
  const data = new TextEncoder().encode(startScript(arch, runtime, loader));
  return [...files, { kind: "file", path: "start", mode: 0o755, data }];
}

/**
 * Runs the agent with the loader and libraries that came with it, so that a root without them, or with older ones, does.
 * What Bun compiled looks for itself in what was executed, and must be executed itself: it needs its loader in its place.
 */
function startScript(arch: Arch, runtime: AgentRuntime, loader: string): string {
  const libraries = `$here/lib/${ARCHES[arch].gnu}`;
  const run = runtime === "sea"
    ? `exec "$here${loader}" --library-path "${libraries}" "$here/bin/kraken-agent" "$@"`
    : `mkdir -p "${dirname(loader)}"
[ -e "${loader}" ] || ln -s "$here${loader}" "${loader}"
LD_LIBRARY_PATH="${libraries}" exec "$here/bin/kraken-agent" "$@"`;
  return `# Runs the agent: see scripts/build-initramfs/agent_files.ts\nhere=\${0%/*}\n${run}\n`;
}
