import type { Engine, EngineStatus, Late } from "../../src/engine/mod.ts";
import { describeNoPlan } from "../../src/plan/mod.ts";
import { KEPT_URLS, type Value, type Version, versionText } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import { sourcesOf } from "../cfg/inheritance.ts";
import type { Domains } from "../nodes/domains.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";
import { describeStale, type Stale, staleOf } from "../status/stale.ts";
import { statusBelow } from "../status/status_below.ts";

/** One node in a list. */
export interface NodeSummary {
  readonly id: string;
  readonly name: string;
  /** "aggregator" for the program's own node. */
  readonly kind: "node" | "aggregator";
  readonly platform: string;
  readonly parent: string;
  readonly physState: string;
  readonly runState: string;
  readonly link: string;
  readonly phase: EngineStatus["phase"];
  /** Why it is stuck or blocked, or what it waits for or is doing. */
  readonly reason: string;
  /** Present while something of it takes longer than expected. */
  readonly late?: Late;
  /** Present while nothing is known of it: everything else is what was known last. */
  readonly stale?: Stale;
}

/** Everything about one node. */
export interface NodeDetail extends NodeSummary {
  readonly cfg: ReadonlyMap<string, Value>;
  /** The profile that a value of its cfg comes from, by URL; absent for its own. */
  readonly inherited: ReadonlyMap<string, string>;
  /** What is known of it: see `viewOf`; constants are left out. */
  readonly dsc: ReadonlyMap<string, Value>;
  /** The version of its cfg: the ETag. */
  readonly version: Version;
  readonly engine: EngineStatus;
}

/** What describing a node needs of an aggregator. */
export interface DetailParts {
  readonly name: string;
  readonly ownId: string;
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly engine: Engine;
}

/** What is done with a node, here or, as far as it is known here, further down. */
export function statusOf(parts: DetailParts, node: ReadNode): EngineStatus {
  const { nodes, engine, ownId } = parts;
  if (node.id === ownId) return { phase: "converged", running: [] };
  const stale = staleOf(nodes, node);
  if (!nodes.isChild(node.id)) return statusBelow(parts, node, stale);
  const status = engine.status(node.id);
  // What is at its goal by what was known last may not be there any more.
  if (stale !== undefined && status.phase === "converged") {
    return { ...status, phase: "waiting", reason: describeStale(stale) };
  }
  const seen = node.view.get("/seen");
  const lags = seen !== undefined && seen !== versionText(node.version);
  if (status.phase !== "converged" || !lags) return status;
  return { ...status, phase: "working", reason: "Its agent has not taken its cfg in yet" };
}

/** Everything about one node. */
export function detailOf(parts: DetailParts, node: ReadNode): NodeDetail {
  const { nodes, domains } = parts;
  const status = statusOf(parts, node);
  const stale = staleOf(nodes, node);
  const text = (url: string): string => String(node.view.get(url) ?? domains.schema.unknownOf(url) ?? "");
  return {
    id: node.id,
    name: node.name,
    kind: nodes.placement.isAggregator(node.id) ? "aggregator" : "node",
    platform: text("/platform"),
    parent: text("/parent"),
    physState: text("/physState"),
    runState: text("/runState"),
    link: text("/link"),
    phase: status.phase,
    reason: reasonOf(node, status),
    ...(status.late !== undefined && { late: status.late }),
    ...(stale !== undefined && { stale }),
    cfg: new Map([...node.cfg].filter(([url]) => !KEPT_URLS.has(url))),
    inherited: sourcesOf(node.cfg),
    dsc: new Map([...node.view].filter(([url]) => domains.schema.find(url)?.variable.writer !== "cfg")),
    version: node.version,
    engine: status,
  };
}

/** What a list shows of a node. */
export function summaryOf(node: NodeDetail): NodeSummary {
  const { id, name, kind, platform, parent, physState, runState, link, phase, reason, late, stale } = node;
  return {
    ...{ id, name, kind, platform, parent, physState, runState, link, phase, reason },
    ...(late !== undefined && { late }),
    ...(stale !== undefined && { stale }),
  };
}

/** Why a node is where it is: what holds it up at its aggregator, at its agent, or what is being done. */
function reasonOf(node: ReadNode, status: EngineStatus): string {
  if (status.reason !== undefined) return status.reason;
  const held = node.view.get("/stuck/self");
  if (typeof held === "object" && "reason" in held && typeof held.reason === "string") {
    return `its agent: ${held.reason}`;
  }
  if (status.phase === "blocked") {
    const plan = node.planner.plan(node);
    if (!plan.ok) return describeNoPlan(plan.reason);
  }
  return status.running.map(({ key, ours }) => (ours ? key : `awaits ${key}`)).join(", ");
}
