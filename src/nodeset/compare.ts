/**
 * Compares two names in natural order: runs of digits by their value (`n2` before `n10`), all other characters by code
 * unit. Names that differ only in zero padding are compared as texts, so the order is total.
 *
 * @param a The first name.
 * @param b The second name.
 * @returns A negative number if `a` comes first, a positive one if `b` does, 0 if they are equal: for `Array.sort`.
 *
 * @example Sorting node names
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareNames } from "../src/nodeset/mod.ts";
 *
 * const sorted = ["n10", "login1", "n2"].sort(compareNames);
 * assert.equal(sorted.join(), "login1,n2,n10");
 * ```
 */
export function compareNames(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const endA = endOfDigits(a, i);
    const endB = endOfDigits(b, j);
    if (endA > i && endB > j) {
      const order = compareDigits(a.slice(i, endA), b.slice(j, endB));
      if (order !== 0) return order;
      i = endA;
      j = endB;
      continue;
    }
    const order = a.charCodeAt(i) - b.charCodeAt(j);
    if (order !== 0) return order;
    i += 1;
    j += 1;
  }
  return (a.length - i) - (b.length - j) || compareTexts(a, b);
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** By value, without the limits of a number: the longer one is larger once leading zeros are gone. */
function compareDigits(a: string, b: string): number {
  const plainA = a.replace(/^0+/, "");
  const plainB = b.replace(/^0+/, "");
  return plainA.length - plainB.length || compareTexts(plainA, plainB);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
