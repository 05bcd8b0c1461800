import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What tests run on. Deno runs all of them. */
export type Runtime = "deno" | "node" | "bun";

/** Test files on one runtime, in one process: what a worker takes at a time. */
export interface Unit {
  readonly runtime: Runtime;
  /** From the root; several only of one folder. */
  readonly files: readonly string[];
  /** Starts many processes: one of this kind runs at a time, and they start first. */
  readonly heavy: boolean;
}

/** The most files of a unit: to load what they import takes most files longer than their tests do. */
const MOST_FILES = 10;

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
    return unitsOf(folder, name === undefined ? names : [name]);
  });
  return [...units.filter(({ heavy }) => heavy), ...units.filter(({ heavy }) => !heavy)];
}

function unitsOf(folder: string, names: readonly string[]): Unit[] {
  const files = names.map((name) => `test/${folder}/${name}`);
  const isHeavy = (file: string): boolean => /_(?:e2e|fault)_test\.ts$/.test(file);
  const light = files.filter((file) => !isHeavy(file));
  const runtimes: readonly Runtime[] = ["deno", ...LIMITED[folder] ?? ["node", "bun"]];
  return [
    ...files.filter(isHeavy).map((file): Unit => ({ runtime: "deno", files: [file], heavy: true })),
    ...runtimes.flatMap((runtime) =>
      shares(light, isAlone(runtime, folder) ? 1 : MOST_FILES).map((share): Unit => ({
        runtime,
        files: share,
        heavy: false,
      }))
    ),
  ];
}

/** On Node a test of a controller's driver that fails may keep its process from its end, and the other files with it. */
function isAlone(runtime: Runtime, folder: string): boolean {
  return runtime === "node" && folder === "modules";
}

/** Cuts a list into as few shares of at most so many as there can be, of about the same length. */
function shares(files: readonly string[], most: number): string[][] {
  const count = Math.ceil(files.length / most);
  return Array.from(
    { length: count },
    (_, at) => files.slice(Math.floor(at * files.length / count), Math.floor((at + 1) * files.length / count)),
  );
}
