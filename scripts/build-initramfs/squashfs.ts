import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runTool } from "../build/tool.ts";
import type { FileEntry } from "./cpio.ts";

/** Bytes that are compressed together. Larger blocks compress better, and more is unpacked than is asked for. */
const BLOCK_SIZE = 131_072;

/**
 * Writes files into a squashfs image: the same files give the same bytes, as none has a time or an owner but root.
 *
 * @param mksquashfs The command.
 */
export async function writeSquashfs(
  entries: readonly FileEntry[],
  file: string,
  { mksquashfs, compression }: { readonly mksquashfs: readonly string[]; readonly compression: "zstd" | "xz" },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-squashfs-"));
  try {
    for (const { path, mode = 0o644, data } of entries) {
      mkdirSync(join(folder, dirname(path)), { recursive: true, mode: 0o755 });
      writeFileSync(join(folder, path), data, { mode });
    }
    await runTool([
      ...[...mksquashfs, folder, file, "-noappend", "-quiet", "-no-progress"],
      ...["-all-root", "-all-time", "0", "-mkfs-time", "0", "-no-xattrs", "-root-mode", "755"],
      ...[
        "-b",
        String(BLOCK_SIZE),
        "-comp",
        compression,
        ...(compression === "zstd" ? ["-Xcompression-level", "19"] : []),
      ],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
