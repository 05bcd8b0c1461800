import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ProgramError } from "../../src/cli/mod.ts";
import { ROOT } from "../runtimes.ts";
import { machineFiles } from "./qemu/command.ts";

/** The longest path that a socket can have, in bytes (unix(7), with the zero byte at its end). */
const MAX_SOCKET_PATH = 107;

/**
 * Looks whether machines can have their sockets in a cluster's folder: QEMU would end at once, and say why in its own log only.
 *
 * @throws {ProgramError} When its path is too long.
 */
export function checkSocketPaths(folder: string, names: readonly string[]): void {
  const paths = names.map((name) => machineFiles(join(folder, "machines", name)).consoleSocket);
  const excess = Math.max(...paths.map((path) => new TextEncoder().encode(path).length)) - MAX_SOCKET_PATH;
  if (excess <= 0) return;
  throw new ProgramError(
    `Cannot have sockets in '${folder}' as its path is ${excess} bytes too long: expected the project in a folder with a shorter path`,
  );
}

/** A machine's console: what it says and takes, and the file with what it has said. */
export interface ConsolePlace {
  readonly socket: string;
  readonly log: string;
}

/**
 * The console of a node of the virtual cluster that runs: of the one that was started last, where there are several.
 *
 * @throws {ProgramError} When none has such a node.
 */
export function consoleOf(name: string, within = join(ROOT, ".kraken")): ConsolePlace {
  const folders = listOf(within).filter((each) => /^vcluster(?:-\d+)?$/.test(each)).map((each) => join(within, each));
  const found = folders.map((folder) => machineFiles(join(folder, "machines", name)))
    .flatMap(({ consoleSocket: socket, consoleLog: log }) => {
      const stat = statSync(socket, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ socket, log, since: stat.mtimeMs }];
    })
    .sort((a, b) => b.since - a.since);
  const [newest] = found;
  if (newest === undefined) {
    throw new ProgramError(`No virtual cluster runs that has a node '${name}' which was powered on`);
  }
  return newest;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing was ever started here
  }
}
