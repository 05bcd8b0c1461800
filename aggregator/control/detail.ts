import type { Engine, EngineStatus, Late } from "../../src/engine/mod.ts";
import { describeNoPlan } from "../../src/plan/mod.ts";
import { KEPT_URLS, type Value, type Version, versionText } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import { sourcesOf } from "../cfg/inheritance.ts";
import type { Domains } from "../nodes/domains.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";
import type { Permission } from "../ownership/mod.ts";
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
  /** Why it is stuck or blocked, what it waits for, or what it is doing. */
  readonly reason: string;
  /** Present while something takes longer than expected. */
  readonly late?: Late;
  /** Present while nothing is known of it: everything else is then the last known state. */
  readonly stale?: Stale;
}

/** Everything about one node. */
export interface NodeDetail extends NodeSummary {
  readonly cfg: ReadonlyMap<string, Value>;
  /** The profile that a value of its cfg comes from, by URL; absent for its own. */
  readonly inherited: ReadonlyMap<string, string>;
  /** Its known values: see `viewOf`; constants are left out. */
  readonly dsc: ReadonlyMap<string, Value>;
  /** The version of its cfg: the ETag. */
  readonly version: Version;
  readonly engine: EngineStatus;
}

/** What describing a node depends on. */
export interface DetailParts {
  readonly name: string;
  readonly ownId: string;
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly domains: Domains;
  readonly engine: Engine;
  /** Returns whether the engine may act on a node and, if not, why. */
  permissionOf(id: string): Permission;
}

/**
 * Returns the status of `node`, here or, as far as it is known here, at another aggregator.
 *
 * @param parts What it depends on.
 */
export function statusOf(parts: DetailParts, node: ReadNode): EngineStatus {
  const { nodes, engine, ownId } = parts;
  if (node.id === ownId) return { phase: "converged", running: [] };
  const stale = staleOf(nodes, node);
  if (!nodes.isChild(node.id)) return statusBelow(parts, node, stale);
  const permission = parts.permissionOf(node.id);
  if (!permission.may && permission.because === "learning") {
    return { phase: "waiting", reason: permission.why, running: [] };
  }
  const status = engine.status(node.id);
  // A node that was last known to be at its goal may no longer be there.
  if (stale !== undefined && status.phase === "converged") {
    return { ...status, phase: "waiting", reason: describeStale(stale) };
  }
  const seen = node.view.get("/seen");
  const lags = seen !== undefined && seen !== versionText(node.version);
  if (status.phase !== "converged" || !lags) return status;
  return { ...status, phase: "working", reason: "Its agent has not received its cfg yet" };
}

/**
 * Returns everything about `node`.
 *
 * @param parts What it depends on.
 */
export function detailOf(parts: DetailParts, node: ReadNode): NodeDetail {
  const status = statusOf(parts, node);
  const { schema } = parts.domains;
  return {
    ...summaryOf(parts, node, status),
    cfg: new Map([...node.cfg].filter(([url]) => !KEPT_URLS.has(url))),
    inherited: sourcesOf(node.cfg),
    dsc: new Map([...node.view].filter(([url]) => schema.find(url)?.variable.writer !== "cfg")),
    version: node.version,
    engine: status,
  };
}

/**
 * Returns the part of `node` that lists show. Costs a part of what {@link detailOf} does: a list has many nodes.
 *
 * @param parts What it depends on.
 * @param status The status of the node.
 */
export function summaryOf(
  parts: DetailParts,
  node: ReadNode,
  status: EngineStatus = statusOf(parts, node),
): NodeSummary {
  const { nodes, domains } = parts;
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
  };
}

/** Returns why a node is in its state: what blocks it at its aggregator or its agent, or what is being done. */
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
