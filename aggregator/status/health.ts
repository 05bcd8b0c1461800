import { type Health, HEALTHS, isRecord, type Value } from "../../src/state/mod.ts";
import type { ReadNode } from "../nodes/nodes.ts";
import type { NodeStatus } from "./statuses.ts";

/** The number of nodes below an aggregator, in total and by state. */
export interface SubtreeCounts {
  readonly nodes: number;
  readonly converged: number;
  readonly sync: number;
  readonly failed: number;
  /** Nodes of which nothing is known at present, because an aggregator in between is lost. */
  readonly stale: number;
  /** Aggregators below. */
  readonly aggregators: number;
  /** The lost ones among them. */
  readonly lost: number;
}

/** The state of an aggregator's whole subtree. */
export interface Subtree {
  readonly health: Health;
  readonly counts: SubtreeCounts;
}

const NOTHING: SubtreeCounts = {
  nodes: 0,
  converged: 0,
  sync: 0,
  failed: 0,
  stale: 0,
  aggregators: 0,
  lost: 0,
};

/** One aggregator below, and the number of nodes below it by cfg. */
export interface HealthBelow {
  readonly aggregator: ReadNode;
  readonly nodes: number;
  readonly aggregators: number;
}

/** Sums up the nodes that an aggregator serves itself (`served`) and the reports of those below it (`below`). */
export function sumUp(served: Iterable<NodeStatus>, below: Iterable<HealthBelow>): Subtree {
  const counts = { ...NOTHING };
  let isDegraded = false;
  for (const { isConverged, inSync, hasFailed } of served) {
    counts.nodes++;
    if (isConverged) counts.converged++;
    if (inSync) counts.sync++;
    if (hasFailed) counts.failed++;
  }
  for (const { aggregator, nodes, aggregators } of below) {
    const { health, counts: theirs } = readSubtree(aggregator);
    counts.nodes += nodes;
    counts.aggregators += aggregators;
    if (health === "LOST") {
      // What was known of those below may no longer be true.
      counts.lost += 1 + theirs.lost;
      counts.stale += nodes;
      continue;
    }
    if (health === "DEGRADED") isDegraded = true;
    counts.converged += theirs.converged;
    counts.sync += theirs.sync;
    counts.failed += theirs.failed;
    counts.stale += theirs.stale;
    counts.lost += theirs.lost;
  }
  return { health: judge(counts, isDegraded), counts };
}

function judge({ nodes, converged, failed, lost, stale }: SubtreeCounts, isDegraded: boolean): Health {
  if (isDegraded || failed > 0 || lost > 0 || stale > 0) return "DEGRADED";
  return converged === nodes ? "FULL" : "PARTIAL";
}

/**
 * Reads the report of `aggregator` about its subtree. An aggregator that its parent does not hear is lost, whatever it
 * last reported.
 */
export function readSubtree(aggregator: ReadNode): Subtree {
  const told = aggregator.view.get("/subtree/health");
  const isLost = aggregator.view.has("/staleSince");
  return {
    health: isLost ? "LOST" : HEALTHS.find((health) => health === told) ?? "UNKNOWN",
    counts: readCounts(aggregator.view.get("/subtree/counts")),
  };
}

function readCounts(value: Value | undefined): SubtreeCounts {
  if (!isRecord(value)) return NOTHING;
  const read = (key: keyof SubtreeCounts): number => {
    const count = value[key];
    return typeof count === "number" ? count : 0;
  };
  return {
    nodes: read("nodes"),
    converged: read("converged"),
    sync: read("sync"),
    failed: read("failed"),
    stale: read("stale"),
    aggregators: read("aggregators"),
    lost: read("lost"),
  };
}

/** Converts `counts` to a value of `/subtree/counts`. */
export function countsValue(counts: SubtreeCounts): Value {
  return { ...counts };
}

/** Returns the counts that an aggregator's node has; zeros while there is none. */
export function subtreeCounts(own: ReadNode | undefined): SubtreeCounts {
  return own === undefined ? NOTHING : readSubtree(own).counts;
}
