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

/** A node as the aggregator reads it: for its own children worked out once for each change of their documents. */
export interface ReadNode extends ModuleNode {
  readonly planner: Planner;
  readonly version: Version;
  /** Names what its cfg asks for. */
  readonly target: string;
}

/** Looks nodes up: by id, by name, by parent. Deleted ones are not there. */
export interface Nodes {
  read(id: string): ReadNode | undefined;
  plannerOf(id: string): Planner;
  idOf(name: string): string | undefined;
  /** The nodes that this aggregator serves: whose parent it is, other aggregators left out. */
  children(): Iterable<string>;
  isChild(id: string): boolean;
  /** Which nodes are below it, and how they are reached. Its `update` is to be called when a node's cfg has changed. */
  readonly placement: Placement;
  /** Throws away what was worked out for a node: its document or its planner changed. */
  changed(id: string): void;
}

/** Looks nodes up in a replica. */
export function createNodes(replica: Replica, domains: Domains, placement: Placement): Nodes {
  const read = new Map<string, ReadNode>();
  /** By cfg facet: most changes of a node are not of its cfg. */
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
        /** Worked out when it is asked for: many changes are of nothing that anybody here looks at. */
        get view() {
          return view ??= viewOf(domain.schema, domain.conditions, document);
        },
        version,
        get target() {
          return targetFor(planner, facet, cfg);
        },
      };
      // Nodes of other aggregators are read for people now and then: to keep that would double what each takes here.
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
 * The values of a node's `parent` facet that can't be known any more: their condition no longer holds. Their writer
 * forgets them, or they would come back as real when the condition holds again (a `/runState` from before a power-off).
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
