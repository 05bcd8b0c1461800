import { compareNames } from "../../src/nodeset/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { Elsewhere, Stale, TreeEntry } from "../control/control.ts";
import { readSubtree } from "./health.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** What is needed of an aggregator to describe the tree below it. */
export interface TreeParts {
  readonly nodes: Nodes;
  readonly ownId: string;
}

/** This aggregator and those below it, each after its parent, in the order of their names. */
export function describeTree({ nodes, ownId }: TreeParts): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const seen = new Set<string>();
  function add(id: string, depth: number, stale: Stale | undefined): void {
    const node = nodes.read(id);
    if (node === undefined || seen.has(id)) return;
    seen.add(id);
    const own = id === ownId ? undefined : node.view.get("/staleSince");
    const now = stale ?? (typeof own === "string" ? { since: own, aggregator: node.name } : undefined);
    entries.push(entryOf(node, depth, now));
    const children = [...nodes.placement.servedBy(node.name)].filter((child) => nodes.placement.isAggregator(child));
    const byName = children.map((child) => [nodes.read(child)?.name ?? "", child] as const);
    for (const [, child] of byName.sort(([a], [b]) => compareNames(a, b))) {
      add(child, depth + 1, now);
    }
  }
  add(ownId, 0, undefined);
  return entries;
}

function entryOf(node: ReadNode, depth: number, stale: Stale | undefined): TreeEntry {
  const text = (value: Value | undefined): string => typeof value === "string" ? value : "";
  const subtree = readSubtree(node);
  return {
    id: node.id,
    name: node.name,
    parent: text(node.cfg.get("/parent")),
    depth,
    health: stale === undefined ? subtree.health : "LOST",
    counts: subtree.counts,
    link: text(node.view.get("/link")),
    api: text(node.view.get("/api")),
    broker: text(node.view.get("/broker")),
    standby: text(node.cfg.get("/standby")),
    ...(stale !== undefined && { stale }),
  };
}

/** The aggregator that serves a node. */
export function servingAggregator({ nodes }: TreeParts, node: ReadNode): Elsewhere | undefined {
  const parent = node.cfg.get("/parent");
  const id = typeof parent === "string" ? nodes.placement.aggregator(parent) : undefined;
  const aggregator = id === undefined ? undefined : nodes.read(id);
  if (aggregator === undefined) return undefined;
  const api = aggregator.view.get("/api");
  return { what: `aggregator '${aggregator.name}'`, ...(typeof api === "string" && { api }) };
}
