import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "../../src/process/mod.ts";
import { isRecord } from "../../src/state/mod.ts";

/** What is stored about a started program, so that the next agent finds it again. */
export interface ProgramRecord extends ProcessIdentity {
  /** The config with which it was started. */
  readonly digest: string;
  /** True once it ended with code 0 and must not be started again. */
  readonly finished: boolean;
}

/** The folder of records and outputs. */
export interface ProgramFolder {
  /** The names of all programs that have a record. */
  names(): string[];
  /** Reads the record of a program; undefined if there is no valid one. */
  read(name: string): ProgramRecord | undefined;
  write(name: string, record: ProgramRecord): void;
  remove(name: string): void;
  /** Returns the file for the program's output. */
  outputOf(name: string): string;
}

/** Opens `folder`, and creates it if it is missing. */
export function openProgramFolder(folder: string): ProgramFolder {
  mkdirSync(folder, { recursive: true });
  function fileOf(name: string): string {
    return join(folder, `${name}.json`);
  }
  return {
    names: () => readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5)),
    read(name) {
      try {
        return parseRecord(JSON.parse(readFileSync(fileOf(name), "utf8")));
      } catch {
        return undefined; // missing or incomplete: such a program cannot be found again
      }
    },
    write(name, record) {
      const temporary = `${fileOf(name)}.new`;
      writeFileSync(temporary, JSON.stringify(record));
      renameSync(temporary, fileOf(name));
    },
    remove: (name) => rmSync(fileOf(name), { force: true }),
    outputOf: (name) => join(folder, `${name}.log`),
  };
}

function parseRecord(value: unknown): ProgramRecord | undefined {
  if (!isRecord(value)) return undefined;
  const { pid, boot, started, digest, finished } = value;
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 2) return undefined;
  if (typeof boot !== "string" || typeof started !== "string") return undefined;
  if (typeof digest !== "string" || typeof finished !== "boolean") return undefined;
  return { pid, boot, started, digest, finished };
}
