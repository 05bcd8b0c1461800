import { compareNames, foldNodeset } from "../src/nodeset/mod.ts";

/** Names that share something. */
export interface Grouped<T> {
  /** As a folded nodeset: `n[1-412]`. */
  readonly nodeset: string;
  readonly names: readonly string[];
  /** What they share: that of the first of them. */
  readonly shared: T;
}

/**
 * Puts items with the same key together, so that 412 nodes with one plan are one line.
 *
 * @returns Groups in the order of their first names, numbers by value.
 */
export function groupByKey<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  keyOf: (item: T) => string,
): Grouped<T>[] {
  const byKey = new Map<string, { names: string[]; shared: T }>();
  const sorted = [...items].sort((a, b) => compareNames(nameOf(a), nameOf(b)));
  for (const item of sorted) {
    const key = keyOf(item);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, { names: [nameOf(item)], shared: item });
    else group.names.push(nameOf(item));
  }
  return [...byKey.values()].map(({ names, shared }) => ({ nodeset: foldNodeset(names), names, shared }));
}

/** `1 node`, `2 nodes`. */
export function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
