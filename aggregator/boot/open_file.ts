import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** The longest path that is taken, in characters. */
const MAX_PATH = 512;

/**
 * A path that came from a network, relative to the root that is served; undefined when it is none. Leading slashes mean
 * the root, as firmware writes them; empty parts and `.` go. `..`, backslashes and control characters are refused, and a percent sign
 * is only a percent sign: nothing is decoded here. Symbolic links are for {@link openFile} to judge.
 */
export function cleanPath(path: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (path.length > MAX_PATH || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}

/** What the log says when a machine asks for a file that nobody has put there. */
export const NOT_THERE = "A machine asked for a boot file that is not there";

/** An open file below a root. Whoever opened it closes its handle. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Names these very bytes: see {@link versionOf}. */
  readonly version: string;
  /** When it was last changed, or given its name, by the clock of its file system: milliseconds since 1970. */
  readonly changed: number;
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
  try {
    const base = await realpath(root);
    const real = await realpath(join(base, clean));
    return real.startsWith(base.endsWith(sep) ? base : base + sep) ? await openAt(real) : undefined;
  } catch {
    return undefined; // missing, or not ours to read: for a client that is the same
  }
}

/** Opens a file where it really is; undefined when there is no regular file that can be read. */
export async function openAt(real: string): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    if (!(await stat(real)).isFile()) return undefined; // opening some devices has effects
    // What this opens can differ from what was looked at only by the hand of who may write below the root.
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await handle.stat({ bigint: true });
    if (found.isFile()) {
      const changed = Number(found.ctimeNs / 1_000_000n);
      return { handle, size: Number(found.size), version: nameVersion(found), changed, path: real };
    }
  } catch {
    // As above.
  }
  await handle?.close();
  return undefined;
}

/**
 * The version of an open file as it is now: device, inode, size and both times of change. A file that was moved in has another
 * inode, and whatever else is done to a file sets its time of change (ctime), which nobody can set back.
 */
export async function versionOf(handle: FileHandle): Promise<string> {
  return nameVersion(await handle.stat({ bigint: true }));
}

function nameVersion({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join("/");
}
