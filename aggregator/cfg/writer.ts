import { createHash } from "node:crypto";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import {
  assignmentIn,
  assignmentValue,
  emptyDocument,
  type Facet,
  heldBy,
  INHERITED,
  type NodeDocument,
  nodeIdOf,
  type Value,
  valuesOf,
  type Version,
  versionText,
} from "../../src/state/mod.ts";
import { MOVING } from "../links/pending_transfers.ts";
import type { Profiles } from "../profiles/profile.ts";
import { isDeleted } from "../tree/placement.ts";
import { createAssigning } from "./assigning.ts";
import { bootWarningsOf, changeOf, type NodeChange, served, warningsOf } from "./change.ts";
import { findAll } from "./checks.ts";
import { inherit, ownOf } from "./inheritance.ts";
import { createOwnAddresses, type OwnAddresses } from "./own_addresses.ts";
import { type CfgParts, notWritten, type Wanted } from "./parts.ts";
import { findHindrance } from "./tree_checks.ts";
import { type Done, type Refusal } from "../../src/toolkit/mod.ts";
import { appliedCfg, mismatchOf, patchedCfg, tombstoneCfg, touchedBy, withCfg } from "./wanted.ts";

/** The changes of nodes that a write made, or would make, or why it was refused. */
export type CfgResult = { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;

/** Writes desired state: checked, on disk before it is acknowledged, all of a request or none. */
export interface CfgWriter {
  /**
   * Sets values of some nodes' cfg (null unsets), all or none.
   *
   * @param ifMatch The version that the cfg must still have; for a single node only.
   */
  patch(
    nodes: readonly { readonly id: string; readonly values: ReadonlyMap<string, Value | null> }[],
    options: { readonly ifMatch?: Version; readonly dryRun?: boolean },
  ): CfgResult;
  /** Gives nodes of an inventory exactly their cfg, and creates those that do not exist; all or none. */
  apply(
    nodes: readonly InventoryNode[],
    options: { readonly dryRun?: boolean },
  ): CfgResult;
  /**
   * Returns a tag of the present cfg of the nodes of an inventory: it changes with each of them, including those that
   * do not exist.
   */
  tagOf(nodes: readonly InventoryNode[]): string;
  /**
   * Puts other profiles in place of the present ones, together with the cfg of every node that has one of those that differ; all or
   * nothing.
   *
   * @param options `facts` are written with them.
   */
  reprofile(
    profiles: Profiles,
    options: { readonly facts: ReadonlyMap<string, string>; readonly dryRun?: boolean },
  ): CfgResult;
  /** Turns nodes into tombstones. */
  remove(ids: readonly string[]): Done;
  /** Reports that an aggregator has another address or another standby: its children must know. */
  readdress(aggregator: string): void;
  /** Gives the children of a lost aggregator to its standby, which both it and they know. */
  handOver(ids: readonly string[], standby: string): Done;
  /** Records that an aggregator has released a node. */
  release(id: string, aggregator: string): void;
  /** Writes a value of Kraken itself to a node's cfg; null unsets. */
  keep(id: string, url: string, value: Value | null): void;
  /** See {@link OwnAddresses}. */
  readonly takenFor: OwnAddresses["takenFor"];
  /** Asks the aggregators that serve these nodes to retry what was given up. */
  askRetry(ids: readonly string[]): Done;
}

/**
 * Creates the {@link CfgWriter}.
 *
 * @param parts What cfg is written to and checked with.
 */
export function createCfgWriter(parts: CfgParts): CfgWriter {
  const { replica, nodes, store, changes } = parts;
  const assigning = createAssigning(parts);

  function cfgOf(id: string): Facet {
    return replica.get(id)?.facets.cfg ?? new Map();
  }

  function idOf({ name, id }: { readonly name: string; readonly id?: string | undefined }): string {
    return id ?? nodes.idOf(name) ?? nodeIdOf(parts.cluster, name);
  }

  /** Writes cfg to disk. @returns Why nothing was written, if so. */
  function commit(
    documents: readonly NodeDocument[],
    moving = false,
    facts: ReadonlyMap<string, string | boolean> = new Map(),
  ): Refusal | undefined {
    try {
      store.commit({
        documents: documents.map((document) => ({ document, facets: ["cfg"] })),
        facts: new Map([...facts, ...(moving ? [[MOVING, true] as const] : [])]),
      });
      return undefined;
    } catch (error) {
      return notWritten(error);
    }
  }

  /**
   * Records that every part has handled a move. If this is not written, the next run tells children more than they
   * need.
   */
  function commitMoved(): void {
    try {
      store.commit({ facts: new Map([[MOVING, false]]) });
    } catch {
      // The store reports that itself with the next write.
    }
  }

  function keep(id: string, url: string, value: Value | null): void {
    const document = replica.get(id);
    if (!parts.isRoot || document === undefined) return;
    const wanted = new Map(valuesOf(document.facets.cfg));
    if (value === null) wanted.delete(url);
    else wanted.set(url, value);
    const after = withCfg(document, wanted, parts.run);
    if (after.entries.size === 0) return;
    if (commit([after.document]) === undefined) replica.merge(id, "cfg", after.entries);
  }

  /** @param owned What nodes are to have of their own; what profiles bring comes with it. */
  function write(owned: readonly Wanted[], options: WriteOptions): { ok: true; changes: NodeChange[] } | Refusal {
    const { dryRun = false, isHandedOver = false, profiles = parts.profiles(), facts } = options;
    const ids = new Map(owned.map(({ id, cfg }) => [String(cfg.get("/name")), id]));
    const asked = owned.map(({ id, cfg }) => ({ id, ...inherit(cfg, profiles) }));
    const wanted = asked.map(({ id, cfg, noted }) => {
      const whole = new Map(assigning.complete(id, cfg, ids, isHandedOver));
      return { id, cfg: noted === undefined ? whole : whole.set(INHERITED, noted) };
    });
    const { problems, clashes } = findAll(parts, asked, wanted);
    if (problems.length > 0) return { ok: false, kind: "invalid", problems: [...problems, ...clashes] };
    if (clashes.length > 0) return { ok: false, kind: "conflict", problems: clashes };

    const made: NodeChange[] = [];
    const documents: NodeDocument[] = [];
    const written: { id: string; entries: Facet }[] = [];
    for (const { id, cfg } of wanted) {
      const before = replica.get(id) ?? emptyDocument(id);
      const { document: after, entries } = withCfg(before, cfg, parts.run);
      const created = replica.get(id) === undefined || isDeleted(before.facets.cfg);
      const change = changeOf(parts, before, after, created);
      const warnings = cfg.get("/role") === "AGGREGATOR"
        ? warningsOf(change, () => served(parts, wanted, change.name))
        : bootWarningsOf(change);
      made.push(warnings.length === 0 ? change : { ...change, warnings });
      if (entries.size === 0) continue;
      documents.push(after);
      written.push({ id, entries });
    }
    if (dryRun || (documents.length === 0 && facts === undefined)) return { ok: true, changes: made };
    if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root changes desired state"] };
    const moving = written.some(({ id, entries }) => entries.has("/parent") && replica.get(id) !== undefined);
    const refusal = commit(documents, moving, facts);
    if (refusal !== undefined) return refusal;
    changes.turn(() => {
      for (const { id, entries } of written) replica.merge(id, "cfg", entries);
      if (moving) changes.post({ kind: "MoveMerged" });
    });
    return { ok: true, changes: made };
  }

  changes.on("publish", "cfg", ["MoveMerged"], commitMoved);

  return {
    remove(ids) {
      const documents: NodeDocument[] = [];
      for (const id of new Set(ids)) {
        const document = replica.get(id);
        const node = nodes.read(id);
        if (document === undefined || node === undefined) {
          return { ok: false, kind: "unknown", problems: [`No node '${id}'`] };
        }
        const problem = findHindrance(parts, id, node.name, ids);
        if (problem !== undefined) return { ok: false, kind: "invalid", problems: [problem] };
        documents.push(withCfg(document, tombstoneCfg(parts, document, node.name), parts.run).document);
      }
      if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root deletes nodes"] };
      const refusal = commit(documents);
      if (refusal !== undefined) return refusal;
      changes.turn(() => {
        for (const { id, facets } of documents) replica.merge(id, "cfg", facets.cfg);
      });
      return { ok: true };
    },
    patch(patches, options) {
      const wanted: Wanted[] = [];
      const refusals: string[] = [];
      for (const { id, values } of patches) {
        const node = nodes.read(id);
        if (node === undefined) return { ok: false, kind: "unknown", problems: [`No node '${id}'`] };
        const mismatch = mismatchOf(node, options.ifMatch);
        if (mismatch !== undefined) return { ok: false, kind: "conflict", problems: [mismatch] };
        const patched = patchedCfg(node, values);
        refusals.push(...patched.refusals);
        wanted.push({ id, cfg: patched.cfg });
      }
      if (refusals.length > 0) return { ok: false, kind: "invalid", problems: refusals };
      return write(wanted, options);
    },
    handOver(ids, standby) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node === undefined ? [] : [{ id, cfg: ownOf(node.cfg).set("/parent", standby) }];
      });
      return write(wanted, { isHandedOver: true });
    },
    release(id, aggregator) {
      const facet = cfgOf(id);
      const last = assignmentIn(facet);
      const held = heldBy(facet).filter((each) => each !== aggregator);
      const before = last?.before?.filter(({ parent }) => parent !== aggregator) ?? [];
      if (last !== undefined) keep(id, "/assignment", assignmentValue({ ...last, before }, held));
    },
    keep,
    takenFor: createOwnAddresses(parts).takenFor,
    readdress(aggregator) {
      const outdated = [...nodes.placement.servedBy(aggregator)].flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node === undefined || assigning.isCurrent(id, node.cfg) ? [] : [{ id, cfg: ownOf(node.cfg) }];
      });
      if (outdated.length > 0) write(outdated, {});
    },
    askRetry(ids) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        if (node === undefined) return [];
        const before = node.cfg.get("/retries");
        return [{ id, cfg: ownOf(node.cfg).set("/retries", (typeof before === "number" ? before : 0) + 1) }];
      });
      const result = write(wanted, {});
      return result.ok ? { ok: true } : result;
    },
    tagOf(inventory) {
      const hash = createHash("sha256");
      for (const each of inventory) {
        const id = idOf(each);
        const node = nodes.read(id);
        hash.update(`${id} ${node === undefined ? "" : versionText(node.version)}\n`);
      }
      return hash.digest("hex").slice(0, 32);
    },
    apply(inventory, options) {
      const wanted = inventory.map(({ name, id, cfg }): Wanted => {
        const known = idOf({ name, id });
        return { id: known, cfg: appliedCfg(cfgOf(known), name, cfg) };
      });
      return write(wanted, options);
    },
    reprofile(profiles, { facts, dryRun = false }) {
      const isTouched = touchedBy(parts.profiles(), profiles);
      const wanted = [...replica.ids()].flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node !== undefined && isTouched(node.cfg) ? [{ id, cfg: ownOf(node.cfg) }] : [];
      });
      return write(wanted, { dryRun, profiles, facts });
    },
  };
}

/** Options of a write. */
interface WriteOptions {
  readonly dryRun?: boolean;
  readonly isHandedOver?: boolean;
  /** @default the present ones */
  readonly profiles?: Profiles;
  /** Written with it, also where no node changes. */
  readonly facts?: ReadonlyMap<string, string>;
}
