import { createPlanner } from "../../src/plan/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { exploreStates } from "./explore.ts";
import type { GoldenFile } from "./format.ts";
import { fits, type GoldenValues, type ImportedGraph, importGraph } from "./import.ts";
import { StateSet } from "./states.ts";

/** How our graph and the file's differ, in words: none where they are the same. */
export interface Comparison {
  /** How many states and edges our graph has. */
  readonly states: number;
  readonly edges: number;
  /** In the file's graph and not in ours. */
  readonly missingStates: readonly string[];
  readonly missingEdges: readonly string[];
  /** In our graph and not in the file's. */
  readonly extraStates: readonly string[];
  readonly extraEdges: readonly string[];
  /** How many times a state of the file and another one were compared. */
  readonly pairs: number;
  /** Those between which the cost of our plan is not that of the shortest path in the file's graph. */
  readonly wrongPairs: readonly string[];
}

/**
 * Compares the graph of a file with the one that we make of its mutations.
 *
 * States are compared by what is known in them; the file's root and its state in which only constants are known are one.
 *
 * @throws {TypeError} When the file's mutations can't be used.
 * @throws {RangeError} When the graph is too large to compare.
 */
export function compareGraphs(file: GoldenFile): Comparison {
  const graph = importGraph(file);
  const sum = { states: 0, edges: 0, pairs: 0 };
  const lists = {
    missingStates: homelessNodes(file, graph),
    missingEdges: homelessEdges(file, graph),
    extraStates: new Array<string>(),
    extraEdges: new Array<string>(),
    wrongPairs: new Array<string>(),
  };
  for (const constants of graph.constants) {
    const suffix = graph.constants.length === 1 ? "" : ` (${JSON.stringify(constants)})`;
    const without = (some: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>) =>
      [...some.keys()].filter((key) => !others.has(key)).map((key) => `${key}${suffix}`).sort();
    const theirs = statesOfFile(file, graph, constants);
    const ours = exploreStates(graph, constants);
    sum.states += ours.states.size;
    sum.edges += ours.edges.size;
    lists.missingStates.push(...without(theirs.states, ours.states));
    lists.missingEdges.push(...without(theirs.edges, ours.edges));
    lists.extraStates.push(...without(ours.states, theirs.states));
    lists.extraEdges.push(...without(ours.edges, theirs.edges));
    sum.pairs += theirs.states.size * (theirs.states.size - 1);
    lists.wrongPairs.push(...findWrongPairs(graph, constants, theirs).map((pair) => `${pair}${suffix}`));
  }
  return { ...sum, ...lists };
}

/** The file's graph as it is for the given constants. */
function statesOfFile(file: GoldenFile, graph: ImportedGraph, constants: GoldenValues): StateSet {
  const found = new StateSet();
  const keys = new Map<number, string>();
  for (const node of file.nodes) {
    if (fits(graph, constants, node)) keys.set(node.n, found.addState(knownIn(graph, node.requires)));
  }
  for (const { from, to, mut, cost } of file.edges) {
    const [start, end] = [keys.get(from), keys.get(to)];
    if (start !== undefined && end !== undefined) found.addEdge(start, mut, end, cost);
  }
  return found;
}

/** The values of a file's node that are known and no constants. */
function knownIn(graph: ImportedGraph, requires: GoldenValues): GoldenValues {
  return Object.fromEntries(
    Object.entries(requires).filter(([url, value]) => graph.mutable.includes(url) && value !== graph.unknownOf(url)),
  );
}

/** Nodes that no combination of constants has room for. */
function homelessNodes(file: GoldenFile, graph: ImportedGraph): string[] {
  return file.nodes.filter((node) => !graph.constants.some((constants) => fits(graph, constants, node)))
    .map(({ n }) => `node ${n}, whose constants contradict each other`);
}

/** Edges whose ends never have the same constants. */
function homelessEdges(file: GoldenFile, graph: ImportedGraph): string[] {
  const nodes = new Map(file.nodes.map((node) => [node.n, node]));
  return file.edges.filter(({ from, to }) => {
    const ends = [from, to].flatMap((n) => nodes.get(n) ?? []);
    return !graph.constants.some((constants) => ends.every((node) => fits(graph, constants, node)));
  }).map(({ from, to, mut }) => `${from} -- ${mut} -> ${to}, whose ends never have the same constants`);
}

function findWrongPairs(graph: ImportedGraph, constants: GoldenValues, theirs: StateSet): string[] {
  const planner = createPlanner(graph.domain);
  const wrong: string[] = [];
  const ordered = [...theirs.states].sort(([a], [b]) => (a < b ? -1 : 1));
  const fixed = Object.entries(constants).map(([url, value]) => [graph.urlOf(url), value] as const);
  for (const [start, known] of ordered) {
    const distances = theirs.distancesFrom(start);
    const view = new Map<string, Value>(fixed);
    for (const [url, value] of Object.entries(known)) view.set(graph.urlOf(url), value);
    for (const [end, wanted] of ordered) {
      if (start === end) continue;
      const cfg = new Map<string, Value>(fixed);
      for (const url of graph.mutable) cfg.set(graph.urlOf(url), wanted[url] ?? graph.unknownOf(url));
      const plan = planner.plan({ view, cfg });
      const [ours, shortest] = [plan.ok && plan.suspended.length === 0 ? plan.cost : undefined, distances.get(end)];
      if (ours !== shortest) wrong.push(`${start} => ${end}: ours ${ours ?? "no way"}, theirs ${shortest ?? "no way"}`);
    }
  }
  return wrong;
}
