import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { filesBelow } from "./files.ts";
import { type FoundImport, sourceUse } from "./imports.ts";
import { allowedFor, layerOf, mayImport } from "./layers.ts";

/** Sets fast-check up for every test. */
const PROPERTY_SUPPORT = "test/support/property.ts";

/** What is wrong with how the TypeScript files below `root` import: one line each, none when all is well. */
export function importProblems(root: string): string[] {
  const packages = readPackages(root);
  const files = new Set([...filesBelow(root, ".ts"), ...filesBelow(root, ".mjs"), ...filesBelow(root, ".json")]);
  const graph = new Map<string, string[]>();
  const problems: string[] = [];
  for (const file of files) {
    if (!file.endsWith(".ts")) continue;
    const say = (at: FoundImport, message: string) => problems.push(`${file}:${at.line}: ${message}`);
    if (allowedFor(layerOf(file)) === undefined) {
      problems.push(`${file}:1: "${layerOf(file)}" has no import rule: add one to scripts/check/layers.ts`);
    }
    const use = sourceUse(readFileSync(join(root, file), "utf8"));
    const targets: string[] = [];
    for (const at of use.imports) {
      const target = at.text.startsWith(".") ? posix.join(posix.dirname(file), at.text) : undefined;
      const problem = target === undefined
        ? packageProblem(file, at.text, packages)
        : fileProblem(file, at.text, target, files);
      if (problem !== undefined) say(at, problem);
      else if (target !== undefined) targets.push(target);
    }
    for (const at of use.runtimeGlobals) {
      say(at, `Cannot use "${at.text}" as only one runtime has it: use a web API or a "node:" built-in`);
    }
    graph.set(file, targets);
  }
  for (const circle of findCircles(graph)) {
    problems.push(`${circle[0]}:1: Cannot import in a circle: ${circle.join(" -> ")}`);
  }
  return problems;
}

interface Packages {
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

function readPackages(root: string): Packages {
  const found: { dependencies?: object; devDependencies?: object } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  return {
    dependencies: new Set(Object.keys(found.dependencies ?? {})),
    devDependencies: new Set(Object.keys(found.devDependencies ?? {})),
  };
}

function fileProblem(file: string, specifier: string, target: string, files: ReadonlySet<string>): string | undefined {
  if (!files.has(target)) return `Cannot import "${specifier}" as there is no file "${target}"`;
  const [from, to] = [layerOf(file), layerOf(target)];
  if (mayImport(from, to)) return undefined;
  const allowed = allowedFor(from) ?? [];
  return `Cannot import "${specifier}" of "${to}" from "${from}": expected ${
    allowed.length === 0 ? "only its own files" : `its own files or ${allowed.join(", ")}`
  }`;
}

function packageProblem(file: string, specifier: string, packages: Packages): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (name === "cbor-x" && specifier !== "cbor-x/encode") {
    return `Cannot import "${specifier}" as it loads a native add-on that Deno and Bun die of: expected "cbor-x/encode"`;
  }
  if (name === "fast-check" && layerOf(file) === "test" && file !== PROPERTY_SUPPORT) {
    return `Cannot import "fast-check" by itself as its sizes would be small: expected "${PROPERTY_SUPPORT}"`;
  }
  const layer = layerOf(file);
  if (packages.dependencies.has(name)) return undefined;
  if (packages.devDependencies.has(name) && (layer === "test" || layer === "scripts")) return undefined;
  return `Cannot import "${specifier}" as package.json's dependencies do not have "${name}"`;
}

/** The circles of a graph of files: each as the files along it, the first one again at the end. One for each group. */
export function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  function visit(file: string): void {
    const open = path.indexOf(file);
    if (open >= 0) {
      circles.push([...path.slice(open), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  }
  for (const file of graph.keys()) visit(file);
  return circles;
}
