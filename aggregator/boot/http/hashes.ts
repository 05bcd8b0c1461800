import { createHash } from "node:crypto";
import type { Clock } from "../../../src/clock.ts";
import { dropOldest, pause } from "../../../src/toolkit/mod.ts";
import { openAt, type OpenFile, versionOf } from "../open_file.ts";

/** The largest number of files whose hashes are remembered. */
const MAX_FILES = 1_024;
/** The largest number of files hashed at a time. */
const MAX_AT_ONCE = 4;
/** Bytes hashed in one piece: meanwhile nothing else runs. */
const CHUNK = 256 * 1024;
/**
 * How old the last change of a file must be so that a later one has another time, in milliseconds: some runtimes and
 * file systems have a resolution of a second.
 */
const SETTLED = 2_000;
/** A file with more bytes is hashed only after it has settled, and so only once. */
const LARGE = 64 * 1024 * 1024;

/** Computes the SHA-256 of files: each version of a file is read once, in the background, however many clients ask. */
export interface Hashes {
  /**
   * Returns the SHA-256 of an open file, as 64 hexadecimal digits; undefined if it is not known yet, or the file is
   * unreadable. The computation continues.
   *
   * @param wait How long to wait, in milliseconds.
   */
  within(file: OpenFile, wait: number): Promise<string | undefined>;
}

/**
 * Creates an empty memory of hashes.
 *
 * @param parts `wall` is the clock of file times, in milliseconds since 1970, by default the system's; `hash` reads a
 *   file and returns undefined if it has changed; `signal` ends computations.
 */
export function createHashes(
  parts: {
    readonly clock: Clock;
    readonly wall?: () => number;
    readonly hash?: typeof hashFile;
    readonly signal?: AbortSignal;
  },
): Hashes {
  const { clock, wall = Date.now, hash: read = hashFile, signal = new AbortController().signal } = parts;
  const known = new Map<string, { readonly version: string; readonly hash: Promise<string | undefined> }>();
  const turns: (() => void)[] = [];
  let running = 0;

  async function inTurn(work: () => Promise<string | undefined>): Promise<string | undefined> {
    if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => turns.push(resolve));
    running++;
    try {
      return await work();
    } catch {
      return undefined; // the client that requests the file gets the error
    } finally {
      running--;
      turns.shift()?.();
    }
  }

  function hashOf(file: OpenFile): Promise<string | undefined> {
    const { path, version } = file;
    const before = known.get(path);
    if (before?.version === version) return before.hash;
    let isSettled = false;
    const hash = inTurn(async () => {
      const age = wall() - file.changed;
      if (age < SETTLED && file.size > LARGE) await pause(clock, Math.min(SETTLED, SETTLED - age), signal);
      isSettled = wall() - file.changed >= SETTLED;
      return await read(file, signal);
    });
    known.delete(path);
    known.set(path, { version, hash });
    dropOldest(known, MAX_FILES);
    hash.then((digest) => {
      if ((digest === undefined || !isSettled) && known.get(path)?.hash === hash) known.delete(path);
    });
    return hash;
  }

  return {
    async within(file, wait) {
      const hash = hashOf(file);
      let cancel = () => {};
      const late = new Promise<undefined>((resolve) => cancel = clock.after(wait, () => resolve(undefined)));
      return await Promise.race([hash, late]).finally(() => cancel());
    },
  };
}

/** Reads a file with its own handle: the client may be gone before the end. */
async function hashFile({ path, version }: OpenFile, signal: AbortSignal): Promise<string | undefined> {
  const file = await openAt(path);
  if (file === undefined) return undefined;
  try {
    if (file.version !== version) return undefined;
    const hash = createHash("sha256");
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; at < file.size;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.handle.read(buffer, 0, Math.min(CHUNK, file.size - at), at);
      if (bytesRead === 0) return undefined; // it has become shorter
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return await versionOf(file.handle) === version ? hash.digest("hex") : undefined;
  } finally {
    await file.handle.close();
  }
}
