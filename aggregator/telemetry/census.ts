import { setImmediate } from "node:timers/promises";
import type { EngineStatus } from "../../src/engine/mod.ts";
import { core, type VariableType } from "../../src/state/mod.ts";

/** Nodes that are looked at before other work gets a turn: some milliseconds at most. */
const SLICE = 25;

/** Phases of the engine, in the order of documents and metrics. */
const PHASES: readonly EngineStatus["phase"][] = [
  "converged",
  "working",
  "waiting",
  "backoff",
  "stuck",
  "blocked",
  "frozen",
];

/** A node as it is counted. */
export interface NodeFigures {
  readonly name: string;
  readonly physState: string;
  readonly runState: string;
  readonly phase: EngineStatus["phase"];
  readonly isLate: boolean;
  /** What its BMC reports; undefined if that is unknown. */
  readonly watts: number | undefined;
  /** Degrees Celsius of the air that it takes in. */
  readonly inlet: number | undefined;
}

/** How many nodes are in which state. States that no node is in have 0. */
export interface Census {
  readonly physStates: ReadonlyMap<string, number>;
  readonly runStates: ReadonlyMap<string, number>;
  readonly phases: ReadonlyMap<string, number>;
  readonly late: number;
  /** Of the nodes whose BMC reports it. */
  readonly watts: { readonly known: number; readonly sum: number };
  readonly inlet: { readonly known: number; readonly sum: number; readonly max: number };
  /** The first nodes, as many as were asked for. */
  readonly nodes: readonly NodeFigures[];
}

/** Counts nodes in slices, so that a count of 10,000 holds up nothing. */
export interface CensusTaker {
  /** Counts all nodes. Counts that are asked for while one is under way share it. */
  take(): Promise<Census>;
}

/**
 * Creates a {@link CensusTaker}.
 *
 * @param parts `ids` lists all nodes; `figuresOf` looks at one, and returns undefined if it is not to be counted;
 *   `listed` is how many nodes a census lists.
 */
export function createCensusTaker(parts: {
  ids(): Iterable<string>;
  figuresOf(id: string): NodeFigures | undefined;
  readonly listed: number;
}): CensusTaker {
  let underWay: Promise<Census> | undefined;

  async function count(): Promise<Census> {
    const physStates = zeros(statesOf(core.variables["/physState"].type));
    const runStates = zeros(statesOf(core.variables["/runState"].type));
    const phases = zeros(PHASES);
    const watts = { known: 0, sum: 0 };
    const inlet = { known: 0, sum: 0, max: 0 };
    const nodes: NodeFigures[] = [];
    let late = 0;
    for (const [place, id] of [...parts.ids()].entries()) {
      if (place % SLICE === SLICE - 1) await setImmediate();
      const node = parts.figuresOf(id);
      if (node === undefined) continue;
      add(physStates, node.physState);
      add(runStates, node.runState);
      add(phases, node.phase);
      if (node.isLate) late++;
      if (node.watts !== undefined) {
        watts.known++;
        watts.sum += node.watts;
      }
      if (node.inlet !== undefined) {
        inlet.max = inlet.known === 0 ? node.inlet : Math.max(inlet.max, node.inlet);
        inlet.known++;
        inlet.sum += node.inlet;
      }
      if (nodes.length < parts.listed) nodes.push(node);
    }
    return { physStates, runStates, phases, late, watts, inlet, nodes };
  }
  return {
    take() {
      underWay ??= count().finally(() => underWay = undefined);
      return underWay;
    },
  };
}

function statesOf(type: VariableType): readonly string[] {
  return type.kind === "enum" ? type.values : [];
}

function zeros(states: readonly string[]): Map<string, number> {
  return new Map(states.map((state) => [state, 0]));
}

/** Counts a known state; the number of series stays what it is. */
function add(counts: Map<string, number>, state: string): void {
  const known = counts.get(state);
  if (known !== undefined) counts.set(state, known + 1);
}
