import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached, digest } from "../build/cache.ts";
import { runTool } from "../build/tool.ts";
import { agentBinary, type AgentRuntime } from "./agent_binary.ts";
import { agentFiles, skeleton } from "./skeleton.ts";
import type { Arch } from "../debian/arch.ts";
import { type CpioEntry, type FileEntry, writeCpio } from "./cpio.ts";
import { type DebianPackages, openDebian } from "../debian/packages.ts";
import { installInitramfs } from "./install.ts";
import { takeIpxe } from "./ipxe.ts";
import { type Flavour, takeKernel } from "./kernel.ts";
import { writeSquashfs } from "./squashfs.ts";
import { toolCommand } from "./tools.ts";

/** How the archive is compressed, and the agent's image in it. */
export type Compression = "zstd" | "xz";
/** Where the agent is: in the archive itself, or in an image within it that is mounted. */
export type Layout = "plain" | "squashfs";

/** What to build. */
export interface BuildOptions {
  readonly arch: Arch;
  readonly kernel: Flavour;
  readonly runtime: AgentRuntime;
  readonly layout: Layout;
  readonly compression: Compression;
  /** The folder that the files go to. */
  readonly output: string;
}

/** A part of the initramfs, and how many bytes it has before the archive is compressed. */
export interface Part {
  readonly path: string;
  readonly size: number;
}

/** What was built. */
export interface Built {
  readonly kernel: { readonly file: string; readonly release: string; readonly size: number };
  readonly initramfs: {
    readonly file: string;
    readonly size: number;
    readonly unpacked: number;
    readonly sha256: string;
  };
  /** The boot programs for machines that don't have iPXE of their own. */
  readonly ipxe: readonly { readonly file: string; readonly size: number }[];
  /** Why there are none. */
  readonly ipxeProblem?: string;
  /** The agent's executable before it is compressed. */
  readonly agent: { readonly runtime: AgentRuntime; readonly size: number };
  /** Every file in the initramfs. */
  readonly contents: readonly Part[];
}

/** Where kernel and initramfs go: under the names that a node's cfg has by default, with another architecture's name at their end. */
function filesOf({ arch, output }: BuildOptions): { readonly kernel: string; readonly initramfs: string } {
  const end = arch === "x86_64" ? "" : `-${arch}`;
  return { kernel: join(output, `vmlinuz${end}`), initramfs: join(output, `initrd${end}.img`) };
}

/** Packages with the libraries that an agent is linked with. */
const LIBRARIES = ["libc6", "libgcc-s1", "libstdc++6"];

/** Builds kernel and initramfs of an architecture: the same bytes from the same packages and sources. */
export async function buildBootFiles(options: BuildOptions): Promise<Built> {
  const { arch, output } = options;
  const debian = await openDebian();
  const kernel = await takeKernel(arch, options.kernel, debian);
  const busybox = readFileSync(join(await debian.unpack("busybox-static", arch), "bin/busybox"));
  const libraries = await debian.unpackEach(LIBRARIES, arch);
  const binary = readFileSync(await agentBinary(arch, options.runtime, debian));
  const agent = agentFiles(binary, { arch, runtime: options.runtime, folders: libraries });
  const system = [...skeleton(busybox), ...kernel.modules];
  const ipxe = await takeIpxe(arch, debian);
  const agentPart = await agentEntries(agent, options, debian);
  // An image is compressed already: it is an archive of its own behind the other, as it is. The kernel unpacks one after the other.
  const parts = options.layout === "squashfs" ? [system, agentPart] : [[...system, ...agentPart]];
  const [first = new Uint8Array(), ...rest] = parts.map(writeCpio);
  const initramfs = joinArchives([await compress(first, options.compression, debian), ...rest]);
  const files = filesOf(options);
  mkdirSync(output, { recursive: true });
  installInitramfs(readFileSync(kernel.image), files.kernel);
  installInitramfs(initramfs, files.initramfs);
  return {
    kernel: { file: files.kernel, release: kernel.release, size: readFileSync(kernel.image).length },
    initramfs: {
      file: files.initramfs,
      size: initramfs.length,
      unpacked: [first, ...rest].reduce((sum, { length }) => sum + length, 0),
      sha256: createHash("sha256").update(initramfs).digest("hex"),
    },
    ipxe: ipxe.programs.map(({ name, data }) => {
      installInitramfs(data, join(output, name));
      return { file: join(output, name), size: data.length };
    }),
    ...(ipxe.problem !== undefined && { ipxeProblem: ipxe.problem }),
    agent: { runtime: options.runtime, size: binary.length },
    contents: [...system, ...agentPart].flatMap((entry) =>
      entry.kind === "file" ? [{ path: entry.path, size: entry.data.length }] : []
    ),
  };
}

/** The agent's files: in an image that is mounted, so that of 90 MB only what is used is unpacked into memory. */
async function agentEntries(
  files: readonly FileEntry[],
  options: BuildOptions,
  debian: DebianPackages,
): Promise<CpioEntry[]> {
  if (options.layout === "plain") return files.map((entry) => ({ ...entry, path: `agent/${entry.path}` }));
  const { compression } = options;
  const mksquashfs = await toolCommand("mksquashfs", debian);
  const key = digest(compression, ...mksquashfs, ...files.flatMap(({ path, data }) => [path, data]));
  const file = await cached(
    "agent-squashfs",
    key,
    "",
    (file) => writeSquashfs(files, file, { mksquashfs, compression }),
  );
  return [{ kind: "file", path: "agent.squashfs", data: readFileSync(file) }];
}

/** Compresses as the kernel can read it: it knows only CRC32 of xz's checks, and windows of up to 8 MiB of zstd. */
async function compress(archive: Uint8Array, compression: Compression, debian: DebianPackages): Promise<Uint8Array> {
  const tool = await toolCommand(compression, debian);
  const args = compression === "zstd" ? ["-19", "-T0", "-q"] : ["-6", "-T1", "--check=crc32"];
  const file = await cached("initramfs", digest(...tool, ...args, archive), "", async (file) => {
    writeFileSync(`${file}.cpio`, archive);
    await runTool(["sh", "-c", '"$@" -c "$0.cpio" >"$0"', file, ...tool, ...args]);
  });
  return readFileSync(file);
}

/** Archives one behind the other, each at a multiple of 4 bytes, where the kernel looks for it. */
function joinArchives(archives: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(archives.flatMap((each) => [each, new Uint8Array((4 - each.length % 4) % 4)]));
}
