import type { EngineStatus } from "../../src/engine/mod.ts";
import { isRecord, versionText } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";
import { whyNotTakenOver } from "../handover/standby.ts";
import { describeStale, type Stale } from "./stale.ts";

const PHASES: readonly EngineStatus["phase"][] = [
  "converged",
  "working",
  "waiting",
  "backoff",
  "stuck",
  "blocked",
  "frozen",
];

/**
 * Returns the status of a node that this program does not serve itself, as far as it is known here.
 *
 * @param node The node.
 * @param stale Since when nothing is known of it.
 */
export function statusBelow(
  { replica, nodes, name }: { readonly replica: Replica; readonly nodes: Nodes; readonly name: string },
  node: ReadNode,
  stale: Stale | undefined,
): EngineStatus {
  const unheard: EngineStatus | undefined = stale && { phase: "waiting", reason: describeStale(stale), running: [] };
  if (nodes.placement.isAggregator(node.id)) return unheard ?? statusOfAggregator(replica, node);
  const parent = node.cfg.get("/parent");
  const serving = typeof parent === "string" ? nodes.placement.aggregator(parent) : undefined;
  if (serving === undefined) {
    return {
      phase: "blocked",
      reason: `No aggregator serves it: set its /parent, for example to ${name}`,
      running: [],
    };
  }
  if (unheard !== undefined) return unheard;
  const told = node.view.get("/engine/status");
  const phase = isRecord(told) ? PHASES.find((each) => each === told["phase"]) : undefined;
  if (!isRecord(told) || phase === undefined || told["cfg"] !== versionText(node.version)) {
    return { phase: "working", reason: `aggregator '${parent}' has not received its cfg yet`, running: [] };
  }
  const { reason } = told;
  return { phase, running: [], ...(typeof reason === "string" && { reason }) };
}

function statusOfAggregator(replica: Replica, node: ReadNode): EngineStatus {
  const since = node.view.get("/staleSince");
  if (since !== undefined) {
    const problem = whyNotTakenOver(replica, node);
    const reason = `it is not heard since ${since}${problem === undefined ? "" : `; ${problem}`}`;
    return { phase: "waiting", reason, running: [] };
  }
  if (node.view.get("/link") === "UP") return { phase: "converged", running: [] };
  return { phase: "waiting", reason: "it has not joined yet", running: [] };
}
