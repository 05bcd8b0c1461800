import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { cleanPath } from "./file_path.ts";

/** An open file below a root. Whoever opened it closes its handle. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Where it really is, symbolic links followed. */
  readonly path: string;
}

/**
 * Opens a regular file below `root`, for reading; undefined when there is none. Symbolic links may point anywhere below the
 * root, and nowhere else. Devices, FIFOs and sockets are no files, and none of them is waited for.
 *
 * @param path As a network gave it: see {@link cleanPath}.
 */
export async function openFile(root: string, path: string): Promise<OpenFile | undefined> {
  const clean = cleanPath(path);
  if (clean === undefined) return undefined;
  let handle: FileHandle | undefined;
  try {
    const base = await realpath(root);
    const real = await realpath(join(base, clean));
    if (!real.startsWith(base.endsWith(sep) ? base : base + sep)) return undefined;
    if (!(await stat(real)).isFile()) return undefined; // opening some devices has effects
    // What this opens can differ from what was looked at only by the hand of who may write below the root.
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (found.isFile()) return { handle, size: found.size, modified: found.mtimeMs, path: real };
  } catch {
    // Missing, or not ours to read: for a client that is the same.
  }
  await handle?.close();
  return undefined;
}
