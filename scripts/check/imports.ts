import { blankLiterals } from "./blank.ts";

/** Something found at a place in a file. */
export interface FoundImport {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** What one file takes from elsewhere. */
export interface SourceUse {
  /** Specifiers of imports and re-exports, of types too. */
  readonly imports: readonly FoundImport[];
  /** Uses of what only one runtime has: `Deno.` and `Bun.`. */
  readonly runtimeGlobals: readonly FoundImport[];
}

const IMPORTS: readonly RegExp[] = [
  /\b(?:import|export)\b[^"'`;()=]*?\bfrom\s*(["'])/g,
  /\bimport\s*(["'])/g,
  /\bimport\s*\(\s*(["'])/g,
];
const RUNTIME_GLOBAL = /\b(?:Deno|Bun)\b(?=\s*[.[?])/g;

/** Reads the imports and runtime globals of a TypeScript file. */
export function sourceUse(source: string): SourceUse {
  const code = blankLiterals(source);
  const lineOf = (at: number) => code.slice(0, at).split("\n").length;
  const imports = IMPORTS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => {
      const start = match.index + match[0].length;
      const end = code.indexOf(match[1] ?? '"', start);
      return { line: lineOf(start), text: source.slice(start, end) };
    })
  );
  const runtimeGlobals = [...code.matchAll(RUNTIME_GLOBAL)].map((match) => ({
    line: lineOf(match.index),
    text: match[0],
  }));
  return { imports: imports.sort((a, b) => a.line - b.line), runtimeGlobals };
}
