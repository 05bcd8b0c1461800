/**
 * Finds the name that a user probably meant.
 *
 * @param text The text that was typed.
 * @param known The names that exist.
 * @returns The name that takes the fewest edits to reach, if these are at most a third of its length (at least 1).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { nearest } from "../src/cli/mod.ts";
 *
 * assert.equal(nearest("timeuot", ["timeout", "server"]), "timeout");
 * assert.equal(nearest("zebra", ["timeout", "server"]), undefined);
 * ```
 */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Infinity;
  for (const name of known) {
    const edits = editDistance(text, name);
    if (edits < fewest && edits <= Math.max(1, Math.floor(name.length / 3))) [best, fewest] = [name, edits];
  }
  return best;
}

/** The number of inserted, deleted or replaced characters and of swapped neighbours between two texts. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, at(beforeLast, j - 2) + 1);
      row.push(edits);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
