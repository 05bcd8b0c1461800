import { createHash } from "node:crypto";
import { canonicalBoot } from "../../src/boot/mod.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import {
  assignmentIn,
  assignmentValue,
  compareVersions,
  emptyDocument,
  type Facet,
  heldBy,
  KEPT_URLS,
  mergeFacets,
  type NodeDocument,
  nodeIdOf,
  readAssignment,
  type Value,
  valuesOf,
  type Version,
  versionText,
} from "../../src/state/mod.ts";
import { MOVING } from "../links/pending_transfers.ts";
import { isDeleted } from "../tree/placement.ts";
import { createAssigning } from "./assigning.ts";
import { bootWarningsOf, changeOf, entriesFor, type NodeChange, served, warningsOf } from "./change.ts";
import { findAll } from "./checks.ts";
import { createOwnAddresses, type OwnAddresses } from "./own_addresses.ts";
import type { CfgParts, Wanted } from "./parts.ts";
import { notWritten } from "./refusal.ts";
import { findHindrance } from "./tree_checks.ts";
import { type Done, type Refusal } from "../../src/toolkit/mod.ts";

/** Writes desired state: checked, on disk before it is acknowledged, all of a request or none. */
export interface CfgWriter {
  /**
   * Sets values of some nodes' cfg (null unsets), all or none.
   *
   * @param ifMatch The version that the cfg must still have; a single node only.
   */
  patch(
    nodes: readonly { readonly id: string; readonly values: ReadonlyMap<string, Value | null> }[],
    options: { readonly ifMatch?: Version; readonly dryRun?: boolean },
  ): { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;
  /** Makes nodes of an inventory have exactly the cfg that is given, creating those that are not there; all or none. */
  apply(
    nodes: readonly InventoryNode[],
    options: { readonly dryRun?: boolean },
  ): { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;
  /** Names the cfg that the nodes of an inventory have now: it changes with each of them, those that are not there included. */
  tagOf(nodes: readonly InventoryNode[]): string;
  /** Turns nodes into tombstones. */
  remove(ids: readonly string[]): { readonly ok: true } | Refusal;
  /** An aggregator is reached elsewhere, or has another standby: its children have to know. */
  readdress(aggregator: string): void;
  /** Gives the children of an aggregator that is lost to its standby, of which both it and they know. */
  handOver(ids: readonly string[], standby: string): { readonly ok: true } | Refusal;
  /** An aggregator has no hold on a node any more. */
  release(id: string, aggregator: string): void;
  /** Writes what Kraken itself keeps in a node's cfg; null unsets. */
  keep(id: string, url: string, value: Value | null): void;
  /** See {@link OwnAddresses}. */
  readonly takenFor: OwnAddresses["takenFor"];
  /** Asks the aggregators that serve these nodes to try again what was given up. */
  askRetry(ids: readonly string[]): Done;
}

/** See {@link CfgWriter}. */
export function createCfgWriter(parts: CfgParts): CfgWriter {
  const { replica, nodes, store, changes } = parts;
  const assigning = createAssigning(parts);

  function cfgOf(id: string): Facet {
    return replica.get(id)?.facets.cfg ?? new Map();
  }

  function idOf({ name, id }: { readonly name: string; readonly id?: string | undefined }): string {
    return id ?? nodes.idOf(name) ?? nodeIdOf(parts.cluster, name);
  }

  /** Puts cfg on disk. @returns Why nothing was written, if so. */
  function commit(documents: readonly NodeDocument[], moving = false): Refusal | undefined {
    try {
      store.commit({
        documents: documents.map((document) => ({ document, facets: ["cfg"] })),
        ...(moving && { facts: new Map([[MOVING, true]]) }),
      });
      return undefined;
    } catch (error) {
      return notWritten(error);
    }
  }

  /** Everybody here has heard of a move. Where this is not written, the next run tells children more than they need. */
  function commitMoved(): void {
    try {
      store.commit({ facts: new Map([[MOVING, false]]) });
    } catch {
      // The store says so itself with the next write.
    }
  }

  function keep(id: string, url: string, value: Value | null): void {
    const document = replica.get(id);
    if (!parts.isRoot || document === undefined) return;
    const wanted = new Map(valuesOf(document.facets.cfg));
    if (value === null) wanted.delete(url);
    else wanted.set(url, value);
    const entries = entriesFor(document.facets.cfg, wanted, parts.run);
    if (entries.size === 0) return;
    const cfg = mergeFacets(document.facets.cfg, entries);
    if (commit([{ ...document, facets: { ...document.facets, cfg } }]) === undefined) replica.merge(id, "cfg", entries);
  }

  function write(
    asked: readonly Wanted[],
    dryRun: boolean,
    isHandedOver = false,
  ): { ok: true; changes: NodeChange[] } | Refusal {
    const ids = new Map(asked.map(({ id, cfg }) => [String(cfg.get("/name")), id]));
    const wanted = asked.map(({ id, cfg }) => ({ id, cfg: assigning.complete(id, cfg, ids, isHandedOver) }));
    const { problems, clashes } = findAll(parts, asked, wanted);
    if (problems.length > 0) return { ok: false, kind: "invalid", problems: [...problems, ...clashes] };
    if (clashes.length > 0) return { ok: false, kind: "conflict", problems: clashes };

    const made: NodeChange[] = [];
    const documents: NodeDocument[] = [];
    const written: { id: string; entries: Facet }[] = [];
    for (const { id, cfg } of wanted) {
      const before = replica.get(id) ?? emptyDocument(id);
      const entries = entriesFor(before.facets.cfg, cfg, parts.run);
      const after: NodeDocument = {
        ...before,
        facets: { ...before.facets, cfg: mergeFacets(before.facets.cfg, entries) },
      };
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
    if (dryRun || documents.length === 0) return { ok: true, changes: made };
    if (!parts.isRoot) return { ok: false, kind: "unavailable", problems: ["Only the root changes desired state"] };
    const moving = written.some(({ id, entries }) => entries.has("/parent") && replica.get(id) !== undefined);
    const refusal = commit(documents, moving);
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
          return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
        }
        const problem = findHindrance(parts, id, node.name, ids);
        if (problem !== undefined) return { ok: false, kind: "invalid", problems: [problem] };
        const kept = new Map<string, Value>([["/name", node.name], ["/deleted", true]]);
        // Its aggregator is deposed, and whoever is made under this name again is served under an assignment of its own.
        const last = readAssignment(node.cfg.get("/assignment"));
        const held = heldBy(document.facets.cfg);
        if (last !== undefined) {
          const number = last.number + 1;
          const proof = parts.proofOf(id, number, last.parent);
          kept.set("/assignment", assignmentValue({ ...last, number, proof }, held));
        }
        const entries = entriesFor(document.facets.cfg, kept, parts.run);
        const cfg = mergeFacets(document.facets.cfg, entries);
        documents.push({ ...document, facets: { ...document.facets, cfg } });
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
      for (const { id, values } of patches) {
        const node = nodes.read(id);
        if (node === undefined) return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
        if (options.ifMatch !== undefined && compareVersions(options.ifMatch, node.version) !== 0) {
          return {
            ok: false,
            kind: "conflict",
            problems: [
              `The cfg of '${node.name}' is at version ${versionText(node.version)}: expected ${
                versionText(options.ifMatch)
              }`,
            ],
          };
        }
        const cfg = new Map(node.cfg);
        for (const [url, value] of values) {
          if (value === null) cfg.delete(url);
          else cfg.set(url, canonicalBoot(url, value));
        }
        wanted.push({ id, cfg });
      }
      return write(wanted, options.dryRun === true);
    },
    handOver(ids, standby) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        return node === undefined ? [] : [{ id, cfg: new Map(node.cfg).set("/parent", standby) }];
      });
      return write(wanted, false, true);
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
        return node === undefined || assigning.isCurrent(id, node.cfg) ? [] : [{ id, cfg: node.cfg }];
      });
      if (outdated.length > 0) write(outdated, false);
    },
    askRetry(ids) {
      const wanted = ids.flatMap((id): Wanted[] => {
        const node = nodes.read(id);
        if (node === undefined) return [];
        const before = node.cfg.get("/retries");
        return [{ id, cfg: new Map(node.cfg).set("/retries", (typeof before === "number" ? before : 0) + 1) }];
      });
      const result = write(wanted, false);
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
        const whole = new Map([...cfg].map(([url, value]) => [url, canonicalBoot(url, value)])).set("/name", name);
        // What an operator froze by hand is not thawed by the next apply of a file that does not speak of it.
        // Nor does a machine that was adopted become a stranger by it, nor is what Kraken keeps there lost.
        for (const url of ["/freeze", "/ipv4/mac", "/ipv4/address", ...KEPT_URLS]) {
          const value = cfgOf(known).get(url)?.value ?? null;
          if (value !== null && !whole.has(url)) whole.set(url, value);
        }
        return { id: known, cfg: whole };
      });
      return write(wanted, options.dryRun === true);
    },
  };
}
