import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { explainSystemError } from "../../src/system_error.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** SQLite's result codes with an explanation of their own, and its message for runtimes that do not report the code. */
const CAUSES = [
  { cause: "busy", code: 5, message: /database (table )?is locked/ },
  { cause: "access", code: 8, message: /readonly database/ },
  { cause: "io", code: 10, message: /disk I\/O error/ },
  { cause: "damaged", code: 11, message: /malformed/ },
  { cause: "full", code: 13, message: /disk is full/ },
  { cause: "access", code: 14, message: /unable to open database file/ },
  { cause: "foreign", code: 26, message: /file is not a database/ },
] as const;

/** What to do if the file is unusable. */
const REPLACE =
  "Move it away and put the last backup in its place, then start once with --restored. An aggregator below " +
  "the root needs no backup: move its folder away and start it with an empty one";

/** Throws if a file or folder cannot be read and written. */
type Access = (place: string) => void;

const readAndWrite: Access = (place) => accessSync(place, constants.R_OK | constants.W_OK);

/**
 * Explains why a store's file cannot be used and what to do, in words that follow the name of the file.
 *
 * @param error The error.
 * @param file Path of the file.
 * @param access Checks whether a place can be read and written.
 */
export function explainStoreError(error: unknown, file: string, access: Access = readAndWrite): string {
  if (!(error instanceof Error)) return String(error);
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
  const found = CAUSES.find((each) => each.code === code) ?? CAUSES.find(({ message }) => message.test(error.message));
  switch (found?.cause) {
    case "busy":
      return "another process has it open. One aggregator has a folder at a time: stop that one, or choose another --data";
    case "full":
      return "its disk is full: free some space";
    case "foreign":
      return `it is no SQLite database. ${REPLACE}`;
    case "damaged":
      return `it is damaged: ${error.message}. ${REPLACE}`;
    case "access":
      return explainAccess(file, access) ?? error.message;
    case "io":
      return explainAccess(file, access) ?? `its disk fails: ${error.message}. Look at the kernel's log`;
    case undefined:
      return explainFolder(file) ?? explainSystemError(error) ?? error.message;
    default:
      return found satisfies never;
  }
}

/** Explains that something else is in the place of the file's folder; undefined if it is not. */
function explainFolder(file: string): string | undefined {
  try {
    const folder = dirname(file);
    const isOther = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false;
    return isOther ? `'${folder}' is no folder: expected one, so choose another --data` : undefined;
  } catch {
    return undefined; // the blocker is further up
  }
}

/** Explains why a file, or its folder, may not be read and written; undefined if no reason is found. */
function explainAccess(file: string, access: Access): string | undefined {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) return "it is not a file";
    for (const place of [dirname(file), file]) {
      if (statSync(place, { throwIfNoEntry: false }) === undefined) continue;
      try {
        access(place);
      } catch (error) {
        const why = explainSystemError(error) ?? errorText(error);
        return `this user (uid ${process.getuid?.()}) can't write '${place}': ${why}`;
      }
    }
    return undefined;
  } catch (error) {
    return explainSystemError(error);
  }
}
