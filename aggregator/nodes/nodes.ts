import type { ModuleNode } from "../../src/module/mod.ts";
import { targetOf } from "../../src/engine/mod.ts";
import type { Planner } from "../../src/plan/mod.ts";
import {
  type Condition,
  type Facet,
  newestVersion,
  type Value,
  type Values,
  valuesOf,
  type Version,
  viewOf,
} from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Domains } from "./domains.ts";
import { isDeleted, type Placement } from "../tree/placement.ts";

/** A node as the aggregator reads it; for its own children computed once for each change. */
export interface ReadNode extends ModuleNode {
  readonly planner: Planner;
  readonly version: Version;
  /** Hash of what its cfg asks for. */
  readonly target: string;
}

/** Finds nodes by id, by name and by parent. Deleted ones are not found. */
export interface Nodes {
  read(id: string): ReadNode | undefined;
  plannerOf(id: string): Planner;
  idOf(name: string): string | undefined;
  /** Lists the nodes that this aggregator serves: its children without aggregators. */
  children(): Iterable<string>;
  isChild(id: string): boolean;
  /** The nodes below it, and how they are reached. Call its `update` when a node's cfg has changed. */
  readonly placement: Placement;
  /** Drops what was computed for a node: its document or its planner has changed. */
  changed(id: string): void;
}

/**
 * Creates the access to the nodes in `replica`.
 *
 * @param domains The planners.
 * @param placement The tree.
 */
export function createNodes(replica: Replica, domains: Domains, placement: Placement): Nodes {
  const read = new Map<string, ReadNode>();
  /** By cfg facet: most changes of a node do not change its cfg. */
  const cfgs = new WeakMap<Facet, { readonly cfg: Values; readonly version: Version }>();
  const targets = new WeakMap<Facet, { readonly planner: Planner; readonly target: string }>();
  const ids = new Map<string, string>();

  function cfgOf(facet: Facet): { readonly cfg: Values; readonly version: Version } {
    const known = cfgs.get(facet);
    if (known !== undefined) return known;
    const made = { cfg: valuesOf(facet), version: newestVersion(facet) };
    cfgs.set(facet, made);
    return made;
  }
  function targetFor(planner: Planner, facet: Facet, cfg: Values): string {
    const known = targets.get(facet);
    if (known?.planner === planner) return known.target;
    const target = targetOf(planner.domain, cfg);
    targets.set(facet, { planner, target });
    return target;
  }

  function index(id: string): void {
    const cfg = replica.get(id)?.facets.cfg;
    const name = cfg?.get("/name")?.value;
    const gone = isDeleted(cfg);
    if (typeof name === "string" && !gone) ids.set(name, id);
    else if (typeof name === "string" && ids.get(name) === id) ids.delete(name);
  }
  for (const id of replica.ids()) index(id);

  return {
    read(id) {
      const known = read.get(id);
      if (known !== undefined) return known;
      const document = replica.get(id);
      if (document === undefined || isDeleted(document.facets.cfg)) return undefined;
      const planner = domains.plannerOf(id);
      const { domain } = planner;
      const facet = document.facets.cfg;
      const { cfg, version } = cfgOf(facet);
      const name = cfg.get("/name");
      let view: Values | undefined;
      const node: ReadNode = {
        id,
        name: typeof name === "string" ? name : id,
        planner,
        cfg,
        /** Computed on demand: many changes concern values that nothing here reads. */
        get view() {
          return view ??= viewOf(domain.schema, domain.conditions, document);
        },
        version,
        get target() {
          return targetFor(planner, facet, cfg);
        },
      };
      // Nodes of other aggregators are read rarely, for people: caching them would double their memory.
      if ((placement.via(id) ?? id) === id) read.set(id, node);
      return node;
    },
    plannerOf: domains.plannerOf,
    idOf: (name) => ids.get(name),
    *children() {
      for (const id of placement.direct()) if (!placement.isAggregator(id)) yield id;
    },
    isChild: (id) => placement.via(id) === id && !placement.isAggregator(id),
    placement,
    changed(id) {
      read.delete(id);
      index(id);
    },
  };
}

/**
 * Lists the values of a node's `parent` facet that can no longer be known, because their condition does not hold. Their
 * writer unsets them; otherwise they would return as real when the condition holds again (a `/runState` from before a
 * power-off).
 *
 * @param node The node.
 * @param discovered The values of its facet.
 */
export function unknowable(node: ReadNode, discovered: ReadonlyMap<string, Value>): string[] {
  const { schema, conditions } = node.planner.domain;
  return [...discovered].filter(([url, value]) => {
    const found = schema.find(url);
    if (found === undefined || node.view.has(url) || value === schema.unknownOf(url)) return false;
    const condition: Condition = conditions.get(found.pattern) ?? {};
    return Object.keys(condition).length > 0;
  }).map(([url]) => url);
}
