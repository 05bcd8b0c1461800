import { createPlanner, exploreGraph } from "../../src/plan/mod.ts";
import { allConditionsOf, conditionOf } from "../../src/plan/conditions.ts";
import type { Value } from "../../src/state/mod.ts";
import { fits, type GoldenValues, type ImportedGraph } from "./import.ts";
import { StateSet } from "./states.ts";

/** The most states of one combination of constants. */
const MAX_STATES = 1000;

/**
 * Explores our graph with the given constants: forward from where nothing is known, and from each value that a mutation
 * starts from and that no way forward reaches.
 *
 * @throws {RangeError} When there are more than 1,000 states.
 */
export function exploreStates(graph: ImportedGraph, constants: GoldenValues): StateSet {
  const planner = createPlanner(graph.domain);
  const cfg = new Map<string, Value>(graph.mutable.map((url) => [graph.urlOf(url), graph.unknownOf(url)]));
  const found = new StateSet();
  const words = new Map(graph.mutable.map((url) => [graph.urlOf(url), url]));

  function exploreFrom(values: ReadonlyMap<string, Value>): void {
    const view = new Map<string, Value>(values);
    for (const [url, value] of Object.entries(constants)) view.set(graph.urlOf(url), value);
    const explored = exploreGraph(planner, { view, cfg }, { maxStates: MAX_STATES });
    if (explored.truncated) throw new RangeError(`Cannot compare graphs of more than ${MAX_STATES} states`);
    const keys = new Map<string, string>();
    for (const { id, values } of explored.states) {
      const entries = Object.entries(values).map(([url, value]) => [words.get(url) ?? url, String(value)] as const);
      keys.set(id, found.addState(Object.fromEntries(entries)));
    }
    for (const { from, to, mutation } of explored.edges) {
      found.addEdge(keys.get(from) ?? "", graph.nameOfKey(mutation), keys.get(to) ?? "");
    }
  }

  exploreFrom(new Map());
  for (
    let start = unreached(graph, constants, found);
    start !== undefined;
    start = unreached(graph, constants, found)
  ) {
    const [url, value] = start;
    const conditions = allConditionsOf((needed) => conditionOf(graph.domain, needed), graph.urlOf(url));
    exploreFrom(
      new Map([[graph.urlOf(url), value], ...conditions.map((needed) => [needed.url, needed.value] as const)]),
    );
  }
  return found;
}

/** The first value that a mutation starts from and that no state has; of such values one that nothing leads to first. */
function unreached(
  graph: ImportedGraph,
  constants: GoldenValues,
  found: StateSet,
): readonly [url: string, value: string] | undefined {
  const usable = graph.mutations.filter((mutation) => fits(graph, constants, mutation));
  const starts = usable.flatMap(({ mutates }) => Object.entries(mutates).map(([url, [from]]) => [url, from] as const))
    .filter(([url, from]) => from !== graph.unknownOf(url) && !found.hasValue(url, from))
    .sort(([a, from], [b, other]) => (a + from < b + other ? -1 : 1));
  const isLedTo = ([url, value]: readonly [string, string]) =>
    usable.some(({ mutates }) => mutates[url]?.[1] === value);
  return starts.find((start) => !isLedTo(start)) ?? starts[0];
}
