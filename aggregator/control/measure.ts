import type { Metric } from "../../src/http/mod.ts";
import { core, isRecord, type Value } from "../../src/state/mod.ts";
import type { ReadNode } from "../nodes/nodes.ts";
import { type DetailParts, statusOf } from "./detail.ts";
import { createCensusTaker, type NodeFigures } from "../telemetry/census.ts";
import { MAX_NODES, nodeMetrics } from "../telemetry/metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** What measuring an aggregator depends on. */
export interface MeasureParts extends DetailParts {
  readonly telemetry: Telemetry;
  /** Whether each node has series of its own. */
  readonly eachNode: boolean;
}

/** Returns a function that measures the nodes of an aggregator, and what is done to them. */
export function createMeasure(parts: MeasureParts): () => Promise<Metric[]> {
  const census = createCensusTaker({
    ids: () => parts.replica.ids(),
    figuresOf: (id) => figuresOf(parts, id),
    listed: parts.eachNode ? MAX_NODES : 0,
  });
  return async () => [...nodeMetrics(await census.take()), ...parts.telemetry.metrics()];
}

/** Looks at one node; undefined for aggregators, and if there is none. */
function figuresOf(parts: DetailParts, id: string): NodeFigures | undefined {
  const node = parts.nodes.placement.isAggregator(id) ? undefined : parts.nodes.read(id);
  if (node === undefined) return undefined;
  const { phase, late } = statusOf(parts, node);
  return {
    name: node.name,
    physState: stateOf(node.view, "/physState"),
    runState: stateOf(node.view, "/runState"),
    phase,
    isLate: late !== undefined || isLateBelow(parts, node),
    watts: numberOf(node.view.get("/bmc/watts")),
    inlet: numberOf(node.view.get("/bmc/inlet")),
  };
}

/** Whether the aggregator below that serves a node says that something takes longer than expected there. */
function isLateBelow({ nodes }: DetailParts, node: ReadNode): boolean {
  const told = nodes.isChild(node.id) ? undefined : node.view.get("/engine/status");
  return isRecord(told) && told["late"] !== undefined;
}

/** The value of an enumeration; unless something is known its first value, which says so. */
function stateOf(view: ReadonlyMap<string, Value>, url: "/physState" | "/runState"): string {
  return String(view.get(url) ?? core.variables[url].type.values[0]);
}

function numberOf(value: Value | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
