import type { Comparison } from "./compare.ts";

/** A comparison in numbers. */
export type Counts = { readonly [name in keyof Comparison]: number };

const TITLES = [
  ["missingStates", "states that the file has and we don't"],
  ["extraStates", "states that we have and the file doesn't"],
  ["missingEdges", "edges that the file has and we don't"],
  ["extraEdges", "edges that we have and the file doesn't"],
  ["wrongPairs", "pairs of states whose least cost differs"],
] as const;

/** See {@link Counts}. */
export function toCounts(comparison: Comparison): Counts {
  const { states, edges, missingStates, extraStates, missingEdges, extraEdges, pairs, wrongPairs } = comparison;
  return {
    states,
    edges,
    missingStates: missingStates.length,
    extraStates: extraStates.length,
    missingEdges: missingEdges.length,
    extraEdges: extraEdges.length,
    pairs,
    wrongPairs: wrongPairs.length,
  };
}

/** Tells whether the graphs are the same, and least costs with them. */
export function isSame(comparison: Comparison): boolean {
  const { missingStates, extraStates, missingEdges, extraEdges, wrongPairs } = comparison;
  return [missingStates, extraStates, missingEdges, extraEdges, wrongPairs].every((list) => list.length === 0);
}

/** A comparison for people: the counts, then all that differs, a line each. */
export function describeComparison(comparison: Comparison): string {
  const lines = [`${comparison.states} states, ${comparison.edges} edges, ${comparison.pairs} pairs compared`];
  for (const [name, title] of TITLES) {
    const found = comparison[name];
    lines.push(`${found.length} ${title}`, ...found.map((text) => `  ${text}`));
  }
  return `${lines.join("\n")}\n`;
}
