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
 * @param wanted Only these folders of test/ (`plan`) and files (`test/plan/a_test.ts`); empty for all but those that run on
 * request.
 * @throws {RangeError} When there is no such folder or file.
 */
export function findUnits(root: string, wanted: readonly string[]): Unit[] {
  const test = join(root, "test");
  const all = existsSync(test)
    ? readdirSync(test, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
    : [];
  const some = wanted.length === 0 ? all.filter((folder) => !ON_REQUEST.includes(folder)) : wanted;
  const units = some.flatMap((each) => {
    const [folder = "", name] = each.replace(/^test\//, "").split("/");
    if (!all.includes(folder)) {
      throw new RangeError(`Cannot test "${each}" as there is no such folder in test/: it has ${all.join(", ")}`);
    }
    const names = readdirSync(join(test, folder)).filter((file) => file.endsWith("_test.ts")).sort();
    if (name !== undefined && !names.includes(name)) {
      throw new RangeError(`Cannot test "${each}" as there is no such file: test/${folder} has ${names.join(", ")}`);
    }
    return (name === undefined ? names : [name]).flatMap((file) => unitsOf(folder, file));
  });
  return [...units.filter(({ heavy }) => heavy), ...units.filter(({ heavy }) => !heavy)];
}

function unitsOf(folder: string, name: string): Unit[] {
  const heavy = /_(?:e2e|fault)_test\.ts$/.test(name);
  const others = heavy ? [] : LIMITED[folder] ?? ["node", "bun"];
  const runtimes: readonly Runtime[] = ["deno", ...others];
  return runtimes.map((runtime) => ({ runtime, file: `test/${folder}/${name}`, heavy }));
}
