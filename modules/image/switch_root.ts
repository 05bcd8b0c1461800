import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Asks the machine's first process to switch to another root. The contract is in `docs/how-to/images.md`. */
export interface RootSwitch {
  /** Writes the request: when this program next ends with the agreed exit code, the machine switches. */
  request(root: string, command: readonly string[]): void;
  /** Returns why the last request was not fulfilled; undefined if none failed. */
  failure(): string | undefined;
  /** Withdraws a request and its result. */
  forget(): void;
}

/**
 * Creates the access to the request, which is `{runDir}/next-root`; the result of a failed one is in
 * `{runDir}/next-root.failed`.
 */
export function createRootSwitch(runDir: string): RootSwitch {
  const [file, failed] = [join(runDir, "next-root"), join(runDir, "next-root.failed")];
  return {
    request(root, command) {
      rmSync(failed, { force: true });
      writeFileSync(`${file}.new`, [root, ...command, ""].join("\n"));
      renameSync(`${file}.new`, file);
    },
    failure() {
      if (existsSync(failed)) return readFileSync(failed, "utf8").trim().slice(0, 300) || "it does not say why";
      return existsSync(file) ? "nothing has taken the request up" : undefined;
    },
    forget() {
      rmSync(file, { force: true });
      rmSync(failed, { force: true });
    },
  };
}
