import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Asks the machine's first process to switch to another root. The contract is in `docs/how-to/images.md`. */
export interface RootSwitch {
  /** Writes down where to: the next end of this program with the agreed exit code is the request. */
  request(root: string, command: readonly string[]): void;
  /** Why the last request was not fulfilled; undefined when none failed. */
  failure(): string | undefined;
  /** Takes a request, and what came of it, back. */
  forget(): void;
}

/** The request is `{runDir}/next-root`; what became of one that failed is in `{runDir}/next-root.failed`. */
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
