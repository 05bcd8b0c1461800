import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { ROOT } from "../runtimes.ts";
import type { Mutant } from "./mutators.ts";

/** A mutant that changes nothing which anybody could notice, with why. */
export interface Equivalent {
  readonly file: string;
  readonly old: string;
  readonly new: string;
  readonly reason: string;
}

const EQUIVALENTS = "scripts/mutate/equivalents.jsonl";

/** Reads lines of JSON that name a change: `file`, `old`, `new` and perhaps `reason`. */
export function readChanges(path: string): Equivalent[] {
  return readFileSync(path, "utf8").split("\n").filter((line) => line.trim() !== "").map((line, index) => {
    const { file, old, new: changed, reason }: { [field: string]: unknown } = JSON.parse(line);
    if (typeof file !== "string" || typeof old !== "string" || typeof changed !== "string") {
      throw new RangeError(`Cannot read line ${index + 1} of "${path}": expected the texts "file", "old" and "new"`);
    }
    return { file, old, new: changed, reason: typeof reason === "string" ? reason : "" };
  });
}

/** The mutants that are known to change nothing. */
export function readEquivalents(): Equivalent[] {
  return readChanges(join(ROOT, EQUIVALENTS));
}

/** Whether a mutant is one of these; indentation does not count. */
export function isEquivalent(mutant: Mutant, equivalents: readonly Equivalent[]): boolean {
  return equivalents.some((known) =>
    known.file === mutant.file && known.old.trim() === mutant.old.trim() && known.new.trim() === mutant.new.trim()
  );
}

/**
 * Chooses some of them by chance.
 *
 * @param seed The same seed chooses the same from the same.
 */
export function sample<T>(all: readonly T[], count: number, seed: number): T[] {
  const rest = [...all];
  const chosen: T[] = [];
  for (let state = seed >>> 0; chosen.length < count && rest.length > 0;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' linear congruential generator
    chosen.push(...rest.splice(Math.floor(state / 2 ** 32 * rest.length), 1));
  }
  return chosen;
}

/**
 * The lines that differ from a revision, by file.
 *
 * @throws {RangeError} When git does not know the revision.
 */
export async function changedLines(revision: string, signal: AbortSignal): Promise<Map<string, Set<number>>> {
  const diff = await runCommand(["git", "diff", "-U0", "--no-color", revision, "--", "*.ts"], { cwd: ROOT, signal });
  if (diff.code !== 0) throw new RangeError(`Cannot compare with "${revision}": ${diff.output.trim()}`);
  const lines = new Map<string, Set<number>>();
  let current = new Set<number>();
  for (const line of diff.output.split("\n")) {
    const file = /^\+\+\+ b\/(.*)$/.exec(line)?.[1];
    if (file !== undefined) lines.set(file, current = new Set());
    const [, start, count = "1"] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    for (let at = 0; start !== undefined && at < Number(count); at++) current.add(Number(start) + at);
  }
  return lines;
}
