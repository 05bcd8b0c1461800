import type { Clock } from "../../src/clock.ts";
import {
  assignmentIn,
  type Entry,
  type Facet,
  isRecord,
  MAX_INTEGER,
  NO_VERSION,
  nodeIdOf,
  RESTORED,
} from "../../src/state/mod.ts";
import { createSigner, statementText } from "../../src/evidence/mod.ts";
import { createEvents } from "./events.ts";
import { claimStore } from "./own_node.ts";
import { SECRET, type Store, type Stored } from "./types.ts";

/** The largest number of starts of the root since the backup. */
const LOST_RUNS = 10_000;
/** The largest number of moves of a node since the backup. */
const LOST_MOVES = 32;
/** The largest number of events of the root since the backup. */
const LOST_EVENTS = 1_000_000;

/**
 * Prepares the store of a root that was restored from a backup, in one transaction. The root does not know what it gave
 * out after the backup, but others do. So it continues above all of that: with a higher run, new versions of all cfg,
 * higher assignments and higher event ids. The cfg of each node says from which run it counts, so that others drop
 * later values. Everything is frozen, because the nodes' later changes are undone and people must check that first.
 *
 * @param store The store.
 * @param owner The root.
 * @returns The number of nodes in the backup, without deleted ones and the root.
 * @throws {Error} If nothing is stored, the store belongs to another cluster or aggregator or to one that is not the
 *   root, the runs are used up, or it cannot be read or written.
 */
export function prepareRestored(
  store: Store,
  owner: { readonly cluster: string; readonly name: string; readonly clock: Clock },
): number {
  const { cluster, name, clock } = owner;
  const stored = store.load();
  const ownId = nodeIdOf(cluster, name);
  checkRoot(stored, ownId, name);
  claimStore(store, stored, owner);
  const before = stored.facts.get("run");
  const run = (typeof before === "number" ? before : 0) + LOST_RUNS;
  if (run > MAX_INTEGER) {
    throw new Error(`Cannot count run ${run}: expected at most ${MAX_INTEGER}. Give this aggregator a new name`);
  }
  const sign = signerOf(stored, cluster);
  const documents = stored.documents.filter(({ facets }) => facets.cfg.size > 0).map(({ id, facets }) => ({
    document: { id, facets: { ...facets, cfg: anew(facets.cfg, run, (value) => raised(value, id, sign)) } },
    facets: ["cfg" as const],
  }));
  const events = createEvents(clock, store, { ...stored, lastEvent: stored.lastEvent + LOST_EVENTS });
  events.add({
    node: "",
    kind: "frozen",
    why: "everything, as the root was put back from a backup: look at its nodes, then thaw",
  });
  store.commit({
    documents,
    facts: new Map<string, number | boolean>([["run", run], ["frozen", true]]),
    events: events.unsaved(),
  });
  return stored.documents.filter(({ id, facets }) => id !== ownId && facets.cfg.get("/deleted")?.value !== true).length;
}

/** Returns the root's signature of an assignment. */
type Sign = (node: string, number: number, parent: string) => string;

/** Returns a function that signs with the root's key; undefined if it never had one. */
function signerOf(stored: Stored, cluster: string): Sign | undefined {
  const secret = stored.facts.get(SECRET);
  if (typeof secret !== "string") return undefined;
  const signer = createSigner(secret);
  return (node, number, parent) => signer.sign(statementText({ kind: "assignment", cluster, node, number, parent }));
}

function checkRoot(stored: Stored, ownId: string, name: string): void {
  if (!stored.facts.has("cluster")) {
    throw new Error("The store is empty: expected the root's, as it was backed up");
  }
  const cfg = stored.documents.find(({ id }) => id === ownId)?.facets.cfg;
  const parent = cfg?.get("/parent")?.value;
  if (cfg === undefined || typeof parent === "string") {
    throw new Error(
      `'${name}' is not the root${typeof parent === "string" ? `, as its parent is '${parent}'` : ""}: ` +
        "expected the root's store. An aggregator below it needs no backup: start it with an empty folder",
    );
  }
}

/**
 * Returns a node's cfg with the versions of a new writer. The mark of the restore comes last: a receiver of it has
 * received everything before.
 */
function anew(cfg: Facet, run: number, raise: (value: Entry["value"]) => Entry["value"]): Facet {
  const entries = new Map<string, Entry>();
  const version = { assignment: 0, run, rev: 1 };
  for (const [url, { value }] of cfg) {
    if (url !== RESTORED) entries.set(url, { value: url === "/assignment" ? raise(value) : value, version });
  }
  return entries.set(RESTORED, { value: run, version });
}

/** Returns an assignment that is later than any made after the backup. */
function raised(value: Entry["value"], node: string, sign: Sign | undefined): Entry["value"] {
  const number = assignmentIn(new Map([["/assignment", { value, version: NO_VERSION }]]))?.number;
  if (number === undefined || !isRecord(value)) return value;
  const { proof: _proof, ...rest } = value;
  const later = Math.min(number + LOST_MOVES, MAX_INTEGER);
  const parent = value["parent"];
  const proof = typeof parent === "string" ? sign?.(node, later, parent) : undefined;
  return { ...rest, number: later, ...(proof !== undefined && { proof }) };
}
