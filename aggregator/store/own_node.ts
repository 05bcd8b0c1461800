import type { Log } from "../../src/log.ts";
import type { Entry } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { BatchWriter } from "./batch_writer.ts";
import type { Store, Stored } from "./types.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/**
 * Assigns a store to one aggregator.
 *
 * @param store The store.
 * @param stored Its content.
 * @param owner The aggregator.
 * @throws {Error} If the store belongs to another cluster or aggregator.
 */
export function claimStore(
  store: Store,
  stored: Stored,
  owner: { readonly cluster: string; readonly name: string },
): void {
  const { cluster, name } = owner;
  for (const [fact, own] of [["cluster", cluster], ["name", name]] as const) {
    const there = stored.facts.get(fact);
    if (there !== undefined && there !== own) {
      throw new Error(`The store belongs to ${fact} '${there}': expected '${own}'`);
    }
  }
  store.commit({ facts: new Map([["cluster", cluster], ["name", name]]) });
}

/**
 * Creates the root's own node, with `id` and `name`, in `replica` and `store` if it does not exist. @param run The run
 * of its versions.
 */
export function makeOwnNode(store: Store, replica: Replica, id: string, name: string, run: number): void {
  const before = replica.get(id);
  if (before?.facets.cfg.get("/role")?.value === "AGGREGATOR") return;
  const version = { assignment: 0, run, rev: 1 };
  const entries = new Map<string, Entry>([
    ["/name", { value: name, version }],
    ["/role", { value: "AGGREGATOR", version }],
  ]);
  replica.merge(id, "cfg", entries);
  const document = replica.get(id);
  if (document !== undefined) store.commit({ documents: [{ document, facets: ["cfg"] }] });
}

/** The fact that says that all nodes are known. */
export const COMPLETE = "complete";

/** Writes that all nodes are known, once they are and all of them are on the disk: a run after this one goes on from there. */
export function noteCompleteness(
  { store, batchWriter, changes, log }: {
    readonly store: Store;
    readonly batchWriter: Pick<BatchWriter, "flush" | "waiting">;
    readonly changes: Changes;
    readonly log: Log;
  },
): void {
  changes.on("publish", "completeness", ["BecameComplete"], () => {
    batchWriter.flush();
    if (batchWriter.waiting.unsavedDocuments > 0) return;
    try {
      store.commit({ facts: new Map([[COMPLETE, true]]) });
    } catch (error) {
      log.error("Cannot write that all nodes are known", { error: errorText(error) });
    }
  });
}
