import { createHash } from "node:crypto";
import type { OpenFile } from "../open_file.ts";

/** Files whose hashes are remembered: more than anybody boots. */
const MAX_FILES = 1_024;
const CHUNK = 1024 * 1024;

/** Knows the SHA-256 of files: each version of a file is read once for it, however many ask. */
export interface Hashes {
  /** The SHA-256 of an open file, as 64 hexadecimal digits. It rejects when the file can't be read. */
  of(file: OpenFile): Promise<string>;
}

/** Makes an empty memory of hashes. A version of a file is its path with size and time of change. */
export function createHashes(): Hashes {
  const known = new Map<string, { readonly version: string; readonly hash: Promise<string> }>();
  return {
    of(file) {
      const version = `${file.size}/${file.modified}`;
      const before = known.get(file.path);
      if (before?.version === version) return before.hash;
      const hash = hashFile(file);
      known.delete(file.path);
      known.set(file.path, { version, hash });
      for (const path of known.keys()) {
        if (known.size <= MAX_FILES) break;
        known.delete(path);
      }
      hash.catch(() => {
        if (known.get(file.path)?.hash === hash) known.delete(file.path);
      });
      return hash;
    },
  };
}

/** Reads by position, so that whoever sends the same file meanwhile is not disturbed. The handle is open until it has ended. */
async function hashFile(file: OpenFile): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK);
  for (let at = 0; at < file.size;) {
    const { bytesRead } = await file.handle.read(buffer, 0, Math.min(CHUNK, file.size - at), at);
    if (bytesRead === 0) throw new Error(`Cannot hash "${file.path}": it became shorter meanwhile`);
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}
