import { compareNames } from "../../src/nodeset/mod.ts";
import type { Health, Value } from "../../src/state/mod.ts";
import { readSubtree, type SubtreeCounts } from "./health.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";
import { type BrokerLost, readBrokerLost, type Stale, staleBelow } from "./stale.ts";

/** Another program that must be asked. */
export interface Elsewhere {
  /** In words, such as "the root" or "aggregator 'rack1'". */
  readonly what: string;
  /** URL of its HTTP API, if known. */
  readonly api?: string;
}

/** An aggregator of the tree, and the state of its subtree. */
export interface TreeEntry {
  readonly id: string;
  readonly name: string;
  /** The name of its parent; "" for the root, and if it is unknown. */
  readonly parent: string;
  /** Number of aggregators above it here: 0 for the program that is asked. */
  readonly depth: number;
  readonly health: Health;
  readonly counts: SubtreeCounts;
  /** The state of its own link to its parent. */
  readonly link: string;
  readonly api: string;
  readonly broker: string;
  /** The name of its standby; "" for none. */
  readonly standby: string;
  readonly stale?: Stale;
  /** Present while it is heard and does not hear its own children. */
  readonly brokerLost?: BrokerLost;
}

/** What describing the tree depends on. */
export interface TreeParts {
  readonly nodes: Nodes;
  readonly ownId: string;
}

/** Lists this aggregator and those below it, each after its parent, in the order of their names. */
export function treeEntriesOf({ nodes, ownId }: TreeParts): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const seen = new Set<string>();
  function add(id: string, depth: number, stale: Stale | undefined): void {
    const node = nodes.read(id);
    if (node === undefined || seen.has(id)) return;
    seen.add(id);
    const below = staleBelow(node);
    const isUnheard = id !== ownId && below !== undefined && below.why === undefined;
    const now = stale ?? (isUnheard ? below : undefined);
    entries.push(entryOf(node, depth, now));
    const children = [...nodes.placement.servedBy(node.name)].filter((child) => nodes.placement.isAggregator(child));
    const byName = children.map((child) => [nodes.read(child)?.name ?? "", child] as const);
    for (const [, child] of byName.sort(([a], [b]) => compareNames(a, b))) {
      add(child, depth + 1, now ?? (below?.why === undefined ? undefined : below));
    }
  }
  add(ownId, 0, undefined);
  return entries;
}

function entryOf(node: ReadNode, depth: number, stale: Stale | undefined): TreeEntry {
  const text = (value: Value | undefined): string => typeof value === "string" ? value : "";
  const subtree = readSubtree(node);
  const brokerLost = readBrokerLost(node.view.get("/brokerLost"));
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
    ...(stale === undefined && brokerLost !== undefined && { brokerLost }),
  };
}

/** Finds the aggregator that serves `node`. */
export function servingAggregator({ nodes }: TreeParts, node: ReadNode): Elsewhere | undefined {
  const parent = node.cfg.get("/parent");
  const id = typeof parent === "string" ? nodes.placement.aggregator(parent) : undefined;
  const aggregator = id === undefined ? undefined : nodes.read(id);
  if (aggregator === undefined) return undefined;
  const api = aggregator.view.get("/api");
  return { what: `aggregator '${aggregator.name}'`, ...(typeof api === "string" && { api }) };
}
