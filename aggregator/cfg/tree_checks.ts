import {
  assignmentNumber,
  heldBy,
  MAX_HOLDERS,
  newestVersion,
  NO_VERSION,
  type Value,
  type Values,
} from "../../src/state/mod.ts";
import type { CfgParts, Wanted } from "./parts.ts";

/** Finds aggregators in `wanted` that would be below themselves. */
export function findTreeCircles({ nodes, ownName }: CfgParts, wanted: readonly Wanted[]): string[] {
  const parents = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), cfg.get("/parent")]));
  function parentOf(name: string): Value | undefined {
    if (parents.has(name)) return parents.get(name);
    const id = nodes.placement.aggregator(name);
    return id === undefined ? undefined : nodes.read(id)?.cfg.get("/parent");
  }
  return wanted.filter(({ cfg }) => cfg.get("/role") === "AGGREGATOR").flatMap(({ cfg }): string[] => {
    const name = String(cfg.get("/name"));
    const seen = new Set<unknown>();
    for (let at = cfg.get("/parent"); typeof at === "string" && !seen.has(at); at = parentOf(at)) {
      seen.add(at);
      if (at === name) {
        return [`${name}: /parent is "${cfg.get("/parent")}": expected an aggregator that is not below it`];
      }
    }
    if (name === ownName && cfg.get("/parent") !== undefined) {
      return [`${name}: /parent is "${cfg.get("/parent")}": the root has none`];
    }
    return [];
  });
}

/**
 * Finds aggregators in `wanted` that would move below one that may still be below them: that one learns of its own move
 * from the first, which would wait to be accepted by it.
 */
export function findCrossings({ replica, nodes }: CfgParts, wanted: readonly Wanted[]): string[] {
  const parents = new Map(wanted.map(({ cfg }) => [String(cfg.get("/name")), cfg]));
  /** Lists the aggregators above one with this name, and those that may still have it. */
  function above(name: string): string[] {
    const id = nodes.placement.aggregator(name);
    const { cfg, self } = (id === undefined ? undefined : replica.get(id))?.facets ?? {};
    const after = parents.get(name);
    const parent = after?.get("/parent") ?? cfg?.get("/parent")?.value;
    const planned = new Map([["/assignment", { value: after?.get("/assignment") ?? null, version: NO_VERSION }]]);
    const present = after === undefined ? cfg : planned;
    const isHeard = newestVersion(self ?? new Map()).assignment >= assignmentNumber(present);
    const held = isHeard ? [] : heldBy(present).flatMap((holder) => nodes.read(holder)?.name ?? []);
    return typeof parent === "string" ? [parent, ...held] : held;
  }
  return wanted.flatMap(({ id, cfg }): string[] => {
    const name = String(cfg.get("/name"));
    const to = cfg.get("/parent");
    const isMoved = cfg.get("/role") === "AGGREGATOR" && to !== replica.get(id)?.facets.cfg.get("/parent")?.value;
    if (!isMoved || typeof to !== "string") return [];
    const seen = new Set<string>();
    const open = [to];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === name) {
        return [
          `${name}: /parent is "${to}", which was moved away from ${name} and has not been heard since: try again later`,
        ];
      }
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...above(at));
    }
    return [];
  });
}

/**
 * Returns why the node `id`, called `name`, cannot be deleted together with `ids`; undefined if it can.
 *
 * @param parts What cfg is checked with.
 */
export function findHindrance(parts: CfgParts, id: string, name: string, ids: readonly string[]): string | undefined {
  if (id === parts.ownId) return `Cannot delete '${name}' as it is this aggregator's own node`;
  const left = [...parts.nodes.placement.servedBy(name)].filter((child) => !ids.includes(child));
  if (!parts.nodes.placement.isAggregator(id) || left.length === 0) return undefined;
  return `Cannot delete '${name}' as it serves ${left.length} nodes: set their /parent to another aggregator first`;
}

/** Finds in `cfg` a node that has been moved too often without a release, which Kraken can no longer follow. */
export function findLost(cfg: Values): string[] {
  const held = heldBy(new Map([["/assignment", { value: cfg.get("/assignment") ?? null, version: NO_VERSION }]]));
  if (held.length <= MAX_HOLDERS) return [];
  return [
    `${cfg.get("/name")}: /parent was set again and again, and ${held.length} aggregators may still have the node: ` +
    `expected at most ${MAX_HOLDERS}. Wait until some of them have heard of it`,
  ];
}
