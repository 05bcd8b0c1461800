import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** The longest path to accept, in characters. */
const MAX_PATH = 512;

/**
 * Cleans `path`, which came from a network, and makes it relative to the root that is served; undefined if it is
 * invalid. Leading slashes mean the root, as firmware writes them; empty parts and `.` are removed. `..`, backslashes
 * and control characters are refused. Percent signs are not decoded. {@link openFile} checks symbolic links.
 */
export function cleanPath(path: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (path.length > MAX_PATH || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}

/** The log message for a machine that requests a missing file. */
export const NOT_THERE = "A machine requested a boot file that does not exist";

/** An open file below a root. The caller closes its handle. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Size in bytes. */
  readonly size: number;
  /** Identifies exactly these bytes: see {@link versionOf}. */
  readonly version: string;
  /** Time of its last change or rename, by the clock of its file system, in milliseconds since 1970. */
  readonly changed: number;
  /** Its real path, after symbolic links. */
  readonly path: string;
}

/**
 * Opens a regular file below `root` for reading; undefined if there is none. Symbolic links may point anywhere below
 * the root, and nowhere else. Devices, FIFOs and sockets are refused without blocking.
 *
 * @param path As received from a network: see {@link cleanPath}.
 */
export async function openFile(root: string, path: string): Promise<OpenFile | undefined> {
  const clean = cleanPath(path);
  if (clean === undefined) return undefined;
  try {
    const base = await realpath(root);
    const real = await realpath(join(base, clean));
    return real.startsWith(base.endsWith(sep) ? base : base + sep) ? await openAt(real) : undefined;
  } catch {
    return undefined; // missing or unreadable: the same for a client
  }
}

/** Opens the file at its real path `real`; undefined if there is no readable regular file. */
export async function openAt(real: string): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    if (!(await stat(real)).isFile()) return undefined; // opening some devices has effects
    // Only someone who may write below the root could have replaced the file since the check.
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
 * Returns the version of the file open at `handle`: device, inode, size and both times of change. A file that was moved
 * in has another inode, and every other change sets the time of change (ctime), which cannot be set back.
 */
export async function versionOf(handle: FileHandle): Promise<string> {
  return nameVersion(await handle.stat({ bigint: true }));
}

function nameVersion({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join("/");
}
