import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { denoPath, ROOT } from "../runtimes.ts";
import type { Mutant } from "./mutators.ts";

/** Runs tests beside the virtual network and processes of this machine: what a mutant kills by mistake is its own. */
const APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** A copy of the project, in which one mutant at a time is tried. */
export interface Sandbox {
  /** Runs these test files on Deno, until one fails. */
  run(tests: readonly string[], timeout: number): Promise<CommandResult>;
  /** Runs them with a mutant in place, and takes it back. */
  runWith(mutant: Mutant, tests: readonly string[], timeout: number): Promise<CommandResult>;
  close(): Promise<void>;
}

/**
 * Copies the work tree, without what git ignores.
 *
 * @throws {RangeError} Where tests can't have processes of their own: a mutant may kill whatever it meets.
 */
export async function createSandbox(signal: AbortSignal): Promise<Sandbox> {
  const apart = await runCommand([...APART, "true"], { signal });
  if (apart.code !== 0) {
    throw new RangeError(
      `Cannot try mutants as their processes can't be kept apart: run it as root (${apart.output.trim()})`,
    );
  }
  const listed = await runCommand(["git", "ls-files", "-co", "--exclude-standard"], { cwd: ROOT, signal });
  const folder = await mkdtemp(join(tmpdir(), "kraken-mutate-"));
  for (const file of listed.output.split("\n").filter((line) => line !== "")) {
    await cp(join(ROOT, file), join(folder, file)).catch(() => {}); // deleted, and git has not heard of it
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const run = (tests: readonly string[], timeout: number) =>
    runCommand(
      [...APART, denoPath(), "test", "-A", "--no-check", "--fail-fast", "--config", "deno.offline.json", ...tests],
      { cwd: folder, env: { NO_COLOR: "1" }, timeout, signal },
    );
  return {
    run,
    async runWith(mutant, tests, timeout) {
      const path = join(folder, mutant.file);
      const source = await readFile(path, "utf8");
      await writeFile(path, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
      try {
        return await run(tests, timeout);
      } finally {
        await writeFile(path, source);
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
