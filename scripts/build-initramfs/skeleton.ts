import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Arch, ARCHES } from "../debian/arch.ts";
import { closeLibraries } from "../debian/libraries.ts";
import type { AgentRuntime } from "./agent_binary.ts";
import type { CpioEntry, FileEntry } from "./cpio.ts";

/** The files that are the same in every initramfs; those that begin with `#!` are programs. */
const ROOTFS = join(dirname(fileURLToPath(import.meta.url)), "rootfs");

/** What every initramfs has beside modules and agent: init with its helpers, busybox, and the devices that it begins with. */
export function skeleton(busybox: Uint8Array): CpioEntry[] {
  const files = readdirSync(ROOTFS, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry): CpioEntry => {
      const file = join(entry.parentPath, entry.name);
      const data = readFileSync(file);
      return {
        kind: "file",
        path: relative(ROOTFS, file),
        mode: data[0] === 0x23 && data[1] === 0x21 ? 0o755 : 0o644,
        data,
      };
    });
  return [
    ...files,
    { kind: "file", path: "bin/busybox", mode: 0o755, data: busybox },
    { kind: "link", path: "bin/sh", target: "busybox" },
    { kind: "link", path: "sbin", target: "bin" },
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
    { kind: "device", path: "dev/null", mode: 0o666, major: 1, minor: 3 },
  ];
}

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
