import {
  type Assignment,
  assignmentValue,
  compareVersions,
  equalValues,
  type Facet,
  heldBy,
  isBrokerUrl,
  type JoinTarget,
  newestVersion,
  readAssignment,
  readVersion,
  RESTORED,
  type Value,
  type Values,
  valuesOf,
} from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { holdersAfter } from "../ownership/holders.ts";

/** Adds to the cfg of nodes what the root decides. */
export interface Assigning {
  /**
   * Returns a node's cfg with its `/assignment`, the root's own with its `/role`, and all of them with the mark of a
   * restore.
   *
   * @param ids The ids of nodes that are written together with it, by name.
   * @param isHandedOver Whether its parent is lost and knows its standby: it sends its nodes there, and does nothing to
   *   them.
   */
  complete(id: string, cfg: Values, ids: ReadonlyMap<string, string>, isHandedOver?: boolean): Values;
  /** Tells whether a node's `/assignment` has the present addresses of its parent and its standby. */
  isCurrent(id: string, cfg: Values): boolean;
}

/**
 * Creates the {@link Assigning}, which counts how often each node's `/parent` was set. The number keeps a deposed
 * parent from overwriting its successor (see `Term`).
 *
 * @param parts What it depends on.
 */
export function createAssigning(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly ownName: string;
    /** Returns the root's signature of an assignment. */
    proofOf(node: string, number: number, parent: string): string;
  },
): Assigning {
  const { replica, nodes, ownId, ownName } = parts;

  function target(name: Value | undefined, ids: ReadonlyMap<string, string>): JoinTarget | undefined {
    if (typeof name !== "string") return undefined;
    const id = name === ownName ? ownId : nodes.placement.aggregator(name) ?? ids.get(name);
    return id === undefined ? undefined : targetOf(id);
  }
  function targetOf(id: string): JoinTarget {
    const broker = replica.get(id)?.facets.self.get("/broker")?.value;
    return { parent: id, ...(typeof broker === "string" && isBrokerUrl(broker) && { broker }) };
  }

  function wanted(id: string, cfg: Values, ids: ReadonlyMap<string, string>, isHandedOver: boolean): Value | undefined {
    const facet = replica.get(id)?.facets.cfg;
    const before = valuesOf(facet ?? new Map());
    const parent = cfg.get("/parent");
    const to = target(parent, ids);
    const last = readAssignment(before.get("/assignment"));
    if (to === undefined) return last && assignmentValue(last, heldBy(facet));
    // A node created again under the name of a deleted one continues with its number.
    const counted = last?.number ?? (before.has("/parent") ? 1 : 0);
    const isMoved = before.get("/parent") !== parent;
    const number = isMoved ? counted + 1 : Math.max(1, counted);
    const held = isMoved ? holders(id, facet, last, to.parent, isHandedOver) : heldBy(facet);
    const served = typeof parent === "string" ? nodes.placement.aggregator(parent) : undefined;
    const standby = served === undefined ? undefined : target(nodes.read(served)?.cfg.get("/standby"), ids);
    const reached = held.map(targetOf).filter(({ broker }) => broker !== undefined);
    const isSigned = last?.number === number && last.parent === to.parent;
    const proof = (isSigned ? last.proof : undefined) ?? parts.proofOf(id, number, to.parent);
    return assignmentValue({ ...to, number, ...(standby !== undefined && { standby }), before: reached, proof }, held);
  }

  /** Lists who may have a moved node: its parent until now and, if that one never heard it, earlier ones. */
  function holders(
    id: string,
    facet: Facet | undefined,
    last: Assignment | undefined,
    to: string,
    isHandedOver: boolean,
  ): readonly string[] {
    if (last === undefined) return [];
    const self = replica.get(id)?.facets.self ?? new Map();
    const hasJoined = newestVersion(self).assignment >= last.number;
    return holdersAfter({
      parent: last.parent,
      holders: heldBy(facet),
      hasJoined,
      isHandedOver: isHandedOver && last.standby?.parent === to && hasSeen(facet, self),
    }, to);
  }

  /** Tells whether a node's agent knows its present assignment, and so its standby. */
  function hasSeen(facet: Facet | undefined, self: Facet): boolean {
    const written = facet?.get("/assignment")?.version;
    const seen = readVersion(self.get("/seen")?.value);
    return written !== undefined && seen !== undefined && compareVersions(seen, written) >= 0;
  }

  return {
    complete(id, cfg, ids, isHandedOver = false) {
      const whole = new Map(cfg);
      const restored = replica.get(ownId)?.facets.cfg.get(RESTORED)?.value ?? null;
      if (restored !== null) whole.set(RESTORED, restored);
      if (id === ownId) return whole.set("/role", "AGGREGATOR");
      const assignment = wanted(id, cfg, ids, isHandedOver);
      return assignment === undefined ? whole : whole.set("/assignment", assignment);
    },
    isCurrent(id, cfg) {
      const assignment = wanted(id, cfg, new Map(), false);
      return assignment === undefined || equalValues(cfg.get("/assignment"), assignment);
    },
  };
}
