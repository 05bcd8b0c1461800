import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.ts";

/** `KRAKEN_CACHE` names another one: a build in a new folder is a build from nothing. */
const FOLDER = process.env.KRAKEN_CACHE ?? join(ROOT, ".kraken", "cache");

/** Milliseconds after its last use when a file of the cache may go. */
const KEEP = 3_600_000;

/** Names contents: of everything that decides what is made. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 20);
}

/**
 * A file that is made once for its contents, in `.kraken/cache`. Callers at the same moment don't clash: each makes its
 * own and renames it into place, whole. Files of the same name that nobody has asked for in an hour are removed.
 *
 * @param name What it is: `agent-bun`.
 * @param key The {@link digest} of what decides its contents.
 * @param ending Of the file's name, with its dot, or nothing.
 * @param make Writes the file at the path that it is given. It may use paths that begin with that one as scratch.
 */
export async function cached(
  name: string,
  key: string,
  ending: string,
  make: (file: string) => Promise<void> | void,
): Promise<string> {
  const file = join(FOLDER, `${name}.${key}${ending}`);
  if (touch(file)) return file;
  mkdirSync(FOLDER, { recursive: true });
  const temporary = join(FOLDER, `tmp-${randomUUID()}`);
  try {
    await make(temporary);
    renameSync(temporary, file);
  } finally {
    for (const left of readdirSync(FOLDER)) {
      if (join(FOLDER, left).startsWith(temporary)) rmSync(join(FOLDER, left), { force: true });
    }
  }
  removeUnused(name);
  return file;
}

/** Marks a file as used. @returns Whether it is there. */
function touch(file: string): boolean {
  try {
    const now = new Date();
    utimesSync(file, now, now);
    return true;
  } catch {
    return false;
  }
}

function removeUnused(name: string): void {
  for (const other of readdirSync(FOLDER)) {
    if (!other.startsWith(`${name}.`)) continue;
    const stat = statSync(join(FOLDER, other), { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > KEEP) rmSync(join(FOLDER, other), { force: true });
  }
}
