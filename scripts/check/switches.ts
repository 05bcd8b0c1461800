import { readFileSync } from "node:fs";
import { join } from "node:path";
import { blankLiterals } from "./blank.ts";
import { filesBelow } from "./files.ts";
import type { Found } from "./imports.ts";

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
export function openSwitches(source: string): Found[] {
  const code = blankLiterals(source);
  return [...code.matchAll(/\bswitch \(/g)].flatMap(({ index }) => {
    const subjectEnd = closingOf(code, code.indexOf("(", index));
    const start = code.indexOf("{", subjectEnd);
    const end = closingOf(code, start);
    if (hasDefault(code.slice(start + 1, end))) return [];
    const line = code.slice(0, index).split("\n").length;
    return [{ line, text: source.slice(index, subjectEnd + 1) }];
  });
}

/** The place of the bracket that closes the one at `start`. */
function closingOf(code: string, start: number): number {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const char = code[at] ?? "";
    if ("([{".includes(char)) depth++;
    if (")]}".includes(char) && --depth === 0) return at;
  }
  return code.length;
}

/** Whether a block has a `default:` of its own, not of a switch within it. */
function hasDefault(block: string): boolean {
  let depth = 0;
  for (const [token] of block.matchAll(/[([{]|[)\]}]|\bdefault\s*:/g)) {
    if ("([{".includes(token)) depth++;
    else if (")]}".includes(token)) depth--;
    else if (depth === 0) return true;
  }
  return false;
}
