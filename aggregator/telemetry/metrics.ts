import type { Figure, Metric, Sample } from "../../src/http/mod.ts";
import type { Census, NodeFigures } from "./census.ts";

/** The most nodes that have series of their own. */
export const MAX_NODES = 10_000;

/** Returns the metrics of nodes: of all together, and of each that the census lists. */
export function nodeMetrics({ physStates, runStates, phases, late, watts, inlet, nodes }: Census): Metric[] {
  const states = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>): Figure => ({
    ...{ name, help, type: "gauge" },
    samples: [...counts].map(([state, value]) => ({ labels: { [label]: state }, value })),
  });
  return [
    states("nodes_phys_state", "Nodes below this aggregator, by /physState", "state", physStates),
    states("nodes_run_state", "Nodes below this aggregator, by /runState", "state", runStates),
    states("nodes_phase", "Nodes below this aggregator, by the phase of the engine's work on them", "phase", phases),
    gauge("nodes_late", "Nodes below this aggregator on which something takes longer than expected", late),
    gauge("nodes_metered", "Nodes below this aggregator whose BMC reports their power", watts.known),
    {
      ...gauge("nodes_power_watts", "Power of these nodes together, as their BMCs report it", watts.sum),
      unit: "watts",
    },
    ...(inlet.known === 0 ? [] : [
      {
        ...gauge("nodes_inlet_max_celsius", "Warmest inlet air of a node, as BMCs report it", inlet.max),
        unit: "celsius" as const,
      },
      {
        ...gauge("nodes_inlet_mean_celsius", "Mean of the inlet air of nodes", inlet.sum / inlet.known),
        unit: "celsius" as const,
      },
    ]),
    ...(nodes.length === 0 ? [] : eachNode(nodes)),
  ];
}

/** The series of each node (`--node-metrics`). Their samples are made while they are sent. */
function eachNode(nodes: readonly NodeFigures[]): Metric[] {
  const perNode = (
    name: string,
    help: string,
    of: (node: NodeFigures) => Sample | undefined,
  ): Figure & { type: "gauge" } => ({ name, help, type: "gauge", samples: samplesOf(nodes, of) });
  const isIn = (label: string, of: (node: NodeFigures) => string) => (node: NodeFigures): Sample => ({
    labels: { node: node.name, [label]: of(node) },
    value: 1,
  });
  const reading = (of: (node: NodeFigures) => number | undefined) => (node: NodeFigures): Sample | undefined => {
    const value = of(node);
    return value === undefined ? undefined : { labels: { node: node.name }, value };
  };
  return [
    perNode("node_phys_state", "1 for the /physState of a node", isIn("state", ({ physState }) => physState)),
    perNode("node_run_state", "1 for the /runState of a node", isIn("state", ({ runState }) => runState)),
    perNode("node_phase", "1 for the phase of the engine's work on a node", isIn("phase", ({ phase }) => phase)),
    perNode(
      "node_late",
      "1 while something on a node takes longer than expected",
      reading(({ isLate }) => isLate ? 1 : 0),
    ),
    {
      ...perNode("node_power_watts", "Power of a node, as its BMC reports it", reading(({ watts }) => watts)),
      unit: "watts",
    },
    {
      ...perNode("node_inlet_celsius", "Inlet air of a node, as its BMC reports it", reading(({ inlet }) => inlet)),
      unit: "celsius",
    },
  ];
}

function samplesOf(
  nodes: readonly NodeFigures[],
  of: (node: NodeFigures) => Sample | undefined,
): Iterable<Sample> {
  return {
    *[Symbol.iterator]() {
      for (const node of nodes) {
        const sample = of(node);
        if (sample !== undefined) yield sample;
      }
    },
  };
}

function gauge(name: string, help: string, value: number): Figure & { type: "gauge" } {
  return { name, type: "gauge", help, samples: [{ value }] };
}
