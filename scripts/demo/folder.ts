import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { ProgramError } from "../../src/cli/mod.ts";
import { ROOT } from "../runtimes.ts";

/** The file that names the process that a folder belongs to. */
const OWNER = "owner.pid";

/** Where a demo keeps its data and logs. */
export interface DemoFolder {
  readonly path: string;
  /** The path as people see it. */
  readonly shown: string;
  /** Lets go of it; `keep`: people want to look into it. */
  release(keep: boolean): void;
}

/**
 * Takes an empty folder: always the same for the usual demo, so that people find its logs, one of its own for any other.
 *
 * @throws {ProgramError} When another demo that still runs has it: its data must not be swept away.
 */
export function takeFolder(
  usual: boolean,
  program: "demo" | "vcluster" = "demo",
  ports = "--http-port 0 --mqtt-port 0 --bmc-port 0",
): DemoFolder {
  const path = join(ROOT, ".kraken", usual ? program : `${program}-${process.pid}`);
  const owner = ownerOf(path);
  if (owner !== undefined) {
    throw new ProgramError(
      `Another ${program} runs already, as process ${owner}: stop it, or run this one beside it on other ports with ${ports}`,
    );
  }
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, OWNER), `${process.pid}\n`);
  return {
    path,
    shown: relative(ROOT, path),
    release(keep) {
      rmSync(join(path, OWNER), { force: true });
      if (!keep && !usual) rmSync(path, { recursive: true, force: true });
    },
  };
}

function ownerOf(path: string): number | undefined {
  const file = join(path, OWNER);
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0); // only asks whether it is there
    return pid;
  } catch {
    return undefined;
  }
}
