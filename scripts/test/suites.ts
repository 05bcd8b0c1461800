import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What tests run on. Deno runs all of them. */
export type Runtime = "deno" | "node" | "bun";

/** A test file on one runtime: what a worker takes at a time. */
export interface Unit {
  readonly runtime: Runtime;
  /** From the root. */
  readonly file: string;
  /** Starts many processes: one of this kind runs at a time, and they start first. */
  readonly heavy: boolean;
}

/** Folders of test/ whose subject does not run everywhere, with where it does besides Deno, and why. */
const LIMITED: { readonly [folder: string]: readonly Runtime[] } = {
  // The project's own tools run on Deno only.
  scripts: [],
};

/** Folders of test/ that run only when they are named, with the command that does: they take many minutes. */
const ON_REQUEST: readonly string[] = ["vm"]; // npm run test:vm

/**
 * The units below `test/` of `root`, the heavy ones first.
 *
 * @param folders Only these folders of test/; empty for all but those that run on request.
 */
export function findUnits(root: string, folders: readonly string[]): Unit[] {
  const test = join(root, "test");
  const all = existsSync(test)
    ? readdirSync(test, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
    : [];
  const wanted = folders.length === 0 ? all.filter((folder) => !ON_REQUEST.includes(folder)) : folders;
  const units = wanted.flatMap((folder) => {
    if (!all.includes(folder)) {
      throw new RangeError(`Cannot test "${folder}" as there is no such folder in test/: it has ${all.join(", ")}`);
    }
    return readdirSync(join(test, folder)).filter((name) => name.endsWith("_test.ts")).sort()
      .flatMap((name) => unitsOf(folder, name));
  });
  return [...units.filter(({ heavy }) => heavy), ...units.filter(({ heavy }) => !heavy)];
}

function unitsOf(folder: string, name: string): Unit[] {
  const heavy = /_(?:e2e|fault)_test\.ts$/.test(name);
  const others = heavy ? [] : LIMITED[folder] ?? ["node", "bun"];
  const runtimes: readonly Runtime[] = ["deno", ...others];
  return runtimes.map((runtime) => ({ runtime, file: `test/${folder}/${name}`, heavy }));
}
