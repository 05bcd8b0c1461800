import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { filesBelow } from "../check/files.ts";
import { sourceUse } from "../check/imports.ts";

/** Test files, each with how many imports lie between it and a file. */
export type Reach = ReadonlyMap<string, number>;

/**
 * Finds which tests import which files, at once or by way of others.
 *
 * @returns The quick test files that reach a file: those that start whole clusters (`_e2e_test.ts`, `_fault_test.ts`) or
 * virtual machines are left out.
 */
export function createReach(root: string): (file: string) => Reach {
  const importers = new Map<string, string[]>();
  for (const file of filesBelow(root, ".ts")) {
    for (const { text } of sourceUse(readFileSync(join(root, file), "utf8")).imports) {
      if (!text.startsWith(".")) continue;
      const target = posix.join(posix.dirname(file), text);
      importers.set(target, [...importers.get(target) ?? [], file]);
    }
  }
  return (file) => {
    const distances = new Map([[file, 0]]);
    for (const [at, distance] of distances) { // a Map gives what is added while it is walked
      for (const importer of importers.get(at) ?? []) {
        if (!distances.has(importer)) distances.set(importer, distance + 1);
      }
    }
    return new Map([...distances].filter(([each]) => isQuickTest(each)));
  };
}

function isQuickTest(file: string): boolean {
  return /^test\/.*_test\.ts$/.test(file) && !/_(?:e2e|fault)_test\.ts$|^test\/vm\//.test(file);
}

/**
 * Puts test files into the order in which they are asked about a file: those that import it themselves first, then those of a
 * folder of its name, then those that have most words of its path in their names, then the nearest.
 */
export function orderTests(file: string, reach: Reach): string[] {
  const folders = file.split("/");
  const words = new Set(file.replace(/\.ts$/, "").split(/[/_]/));
  const isOwn = (test: string) => folders.includes(test.split("/")[1] ?? "");
  const shared = (test: string) => posix.basename(test, "_test.ts").split("_").filter((word) => words.has(word)).length;
  return [...reach].sort(([a, far], [b, farther]) =>
    Number(farther === 1) - Number(far === 1) || Number(isOwn(b)) - Number(isOwn(a)) || shared(b) - shared(a) ||
    far - farther || (a < b ? -1 : 1)
  ).map(([test]) => test);
}
