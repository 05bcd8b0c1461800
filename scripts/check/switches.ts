import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSyntax, parseModule, type Syntax, syntaxChildrenOf } from "../syntax.ts";
import { filesBelow } from "./files.ts";
import type { FoundImport } from "./imports.ts";

/** The switches without a `default` below `root`, tests left out: one line each. */
export function switchProblems(root: string): string[] {
  const files = [...filesBelow(root, ".ts")].filter((file) => !file.startsWith("test/"));
  return files.flatMap((file) =>
    openSwitches(readFileSync(join(root, file), "utf8")).map(({ line, text }) =>
      `${file}:${line}: Cannot leave "${text}" without a default: expected "default: value satisfies never;" where each ` +
      `member of a union has its case, and what comes of the rest elsewhere`
    )
  );
}

/**
 * The switches of a TypeScript file that have no `default`. A switch over a union ends in `default: value satisfies never;`, so
 * that the compiler names every place that a new member has to be dealt with; any other one says what comes of the rest.
 */
export function openSwitches(source: string): FoundImport[] {
  const found: FoundImport[] = [];
  function walk(node: Syntax): void {
    const { discriminant, cases } = node;
    if (node.type === "SwitchStatement" && isSyntax(discriminant) && Array.isArray(cases)) {
      const hasDefault = cases.some((each) => isSyntax(each) && !isSyntax(each["test"]));
      const line = source.slice(0, node.start).split("\n").length;
      if (!hasDefault) found.push({ line, text: source.slice(node.start, source.indexOf(")", discriminant.end) + 1) });
    }
    for (const child of syntaxChildrenOf(node)) walk(child);
  }
  walk(parseModule(source));
  return found;
}
