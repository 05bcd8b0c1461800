/** A file in an archive. */
export interface FileEntry {
  readonly kind: "file";
  readonly path: string;
  readonly mode?: number;
  readonly data: Uint8Array;
}

/** Something in an archive. Paths are relative to the root and have no slash at either end. */
export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number }
  | FileEntry
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
    readonly kind: "device";
    readonly path: string;
    readonly mode?: number;
    readonly major: number;
    readonly minor: number;
  };

const TYPE = { directory: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 } as const;
const MODE = { directory: 0o755, file: 0o644, link: 0o777, device: 0o600 } as const;
/** The greatest number of a header's field, and so the size of a file: eight hexadecimal digits. */
const MAX_FIELD = 0xffff_ffff;
const ALIGNMENT = 4;
const TRAILER = "TRAILER!!!";

/**
 * Writes an archive in cpio's format `newc`, the one that Linux unpacks as its initramfs (the kernel's
 * Documentation/driver-api/early-userspace/buffer-format). The same entries give the same bytes: they are sorted by
 * path, belong to root, and carry no time. Folders that are not listed are made.
 *
 * @throws {RangeError} When two entries have the same path, or a path is empty, absolute or leads upwards.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  withFolders(entries).forEach((entry, index) => parts.push(...member(entry, index + 1)));
  parts.push(...record(TRAILER, { ino: 0, mode: 0, rdev: [0, 0] }, new Uint8Array()));
  return concat(parts);
}

function withFolders(entries: readonly CpioEntry[]): CpioEntry[] {
  const found = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const segments = entry.path.split("/");
    if (
      segments.some((segment) => segment === "" || segment === "." || segment === "..") || /[\0\n]/.test(entry.path)
    ) {
      throw new RangeError(`Cannot archive '${entry.path}': expected a path below the root`);
    }
    if (found.has(entry.path)) throw new RangeError(`Cannot archive '${entry.path}' twice`);
    found.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      if (!found.has(folder)) found.set(folder, { kind: "directory", path: folder });
    }
  }
  // By code units: no locale takes part. A folder comes before what is in it.
  return [...found.values()].sort((a, b) => a.path < b.path ? -1 : 1);
}

function member(entry: CpioEntry, ino: number): Uint8Array[] {
  const permissions = entry.kind === "link" ? MODE.link : entry.mode ?? MODE[entry.kind];
  const rdev = entry.kind === "device" ? [entry.major, entry.minor] as const : [0, 0] as const;
  return record(entry.path, { ino, mode: TYPE[entry.kind] | permissions, rdev }, dataOf(entry));
}

function dataOf(entry: CpioEntry): Uint8Array {
  switch (entry.kind) {
    case "file":
      return entry.data;
    case "link":
      return new TextEncoder().encode(entry.target);
    default:
      return new Uint8Array();
  }
}

function record(
  path: string,
  { ino, mode, rdev }: { readonly ino: number; readonly mode: number; readonly rdev: readonly [number, number] },
  data: Uint8Array,
): Uint8Array[] {
  if (data.length > MAX_FIELD) throw new RangeError(`Cannot archive '${path}': it has 4 GiB or more`);
  const name = new TextEncoder().encode(`${path}\0`);
  const links = (mode & TYPE.directory) === TYPE.directory ? 2 : 1;
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [ino, mode, 0, 0, links, 0, data.length, 0, 0, ...rdev, name.length, 0];
  const head = new TextEncoder().encode(
    `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`,
  );
  return [head, name, padding(head.length + name.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - length % ALIGNMENT) % ALIGNMENT);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
