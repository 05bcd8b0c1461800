import type { Entry } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Store, Stored } from "./types.ts";

/**
 * Makes a store one aggregator's own.
 *
 * @throws {Error} When the store belongs to another cluster or aggregator.
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

/** The root is a node too: makes that node where it is not there. @param run What is written with. */
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
