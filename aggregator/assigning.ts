import {
  type Assignment,
  assignmentValue,
  equalValues,
  isBrokerUrl,
  type JoinTarget,
  readAssignment,
  type Value,
  type Values,
  valuesOf,
} from "../src/state/mod.ts";
import type { Replica } from "../src/sync/mod.ts";
import type { Nodes } from "./nodes.ts";

/** What the root adds to the cfg of its nodes. */
export interface Assigning {
  /**
   * A node's cfg with its `/assignment`, and the root's own with its `/role`.
   *
   * @param ids The ids of nodes that are written together with it, by name.
   */
  complete(id: string, cfg: Values, ids: ReadonlyMap<string, string>): Values;
  /** Whether a node's `/assignment` says where its parent and its standby are now. */
  isCurrent(id: string, cfg: Values): boolean;
}

/**
 * Counts how often each node's `/parent` was set, and says with it where the node joins: the number is what keeps a parent
 * that was deposed from overwriting its successor (see `makeTerm`).
 */
export function createAssigning(
  parts: { readonly replica: Replica; readonly nodes: Nodes; readonly ownId: string; readonly ownName: string },
): Assigning {
  const { replica, nodes, ownId, ownName } = parts;

  function target(name: Value | undefined, ids: ReadonlyMap<string, string>): JoinTarget | undefined {
    if (typeof name !== "string") return undefined;
    const id = name === ownName ? ownId : nodes.placement.aggregator(name) ?? ids.get(name);
    if (id === undefined) return undefined;
    const broker = replica.get(id)?.facets.self.get("/broker")?.value;
    return { parent: id, ...(typeof broker === "string" && isBrokerUrl(broker) && { broker }) };
  }

  function wanted(id: string, cfg: Values, ids: ReadonlyMap<string, string>): Assignment | undefined {
    const before = valuesOf(replica.get(id)?.facets.cfg ?? new Map());
    const parent = cfg.get("/parent");
    const to = target(parent, ids);
    const last = readAssignment(before.get("/assignment"));
    if (to === undefined) return last;
    // One that is made again under the name of a node that was deleted goes on with its number.
    const counted = last?.number ?? (before.has("/parent") ? 1 : 0);
    const number = before.get("/parent") === parent ? Math.max(1, counted) : counted + 1;
    const served = typeof parent === "string" ? nodes.placement.aggregator(parent) : undefined;
    const standby = served === undefined ? undefined : target(nodes.read(served)?.cfg.get("/standby"), ids);
    return { ...to, number, ...(standby !== undefined && { standby }) };
  }

  return {
    complete(id, cfg, ids) {
      if (id === ownId) return new Map(cfg).set("/role", "AGGREGATOR");
      const assignment = wanted(id, cfg, ids);
      return assignment === undefined ? cfg : new Map(cfg).set("/assignment", assignmentValue(assignment));
    },
    isCurrent(id, cfg) {
      const assignment = wanted(id, cfg, new Map());
      return assignment === undefined || equalValues(cfg.get("/assignment"), assignmentValue(assignment));
    },
  };
}
