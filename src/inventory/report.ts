import { describeIssue } from "../state/mod.ts";
import type { Path, SourceDocument } from "./document.ts";

/** The most problems that are listed; the rest is counted. */
const MAX_PROBLEMS = 100;

/** Collects the problems of a file. */
export interface Report {
  /** Reports that a place of the file has something else than expected. `found` undefined: it is missing. */
  expected(path: Path, found: unknown, expected: string): void;
  /** Reports a problem in words, with field, value and what was expected. */
  problem(path: Path, text: string): void;
  /** All problems, in the order in which they were reported. */
  problems(): string[];
}

/** Makes an empty report on the file `source`. */
export function createReport(source: SourceDocument): Report {
  const problems: string[] = [];
  let left = 0;
  function problem(path: Path, text: string): void {
    if (problems.length >= MAX_PROBLEMS) left += 1;
    else problems.push(`line ${source.lineOf(path)}: ${text}`);
  }
  return {
    problem,
    expected: (path, found, expected) => problem(path, describeIssue({ path: fieldName(path), found, expected })),
    problems: () => left === 0 ? problems : [...problems, `... and ${left} more`],
  };
}

/** A place in words: `nodes[0].desired.physState`. */
function fieldName(path: Path): string {
  if (path.length === 0) return "The file";
  return path.map((key, at) => typeof key === "number" ? `[${key}]` : at === 0 ? key : `.${key}`).join("");
}
