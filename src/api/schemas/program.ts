/** What an aggregator says of itself, of its rules, of the tree and of machines that it has seen. */
import * as v from "valibot";
import { about, count, json, nodeset, type Shape, stale, time } from "./common.ts";

/** How the engine does. */
export const engine = v.object({
  cluster: v.string(),
  name: about(v.string(), "The aggregator's own node"),
  version: about(v.string(), "Kraken's version"),
  frozen: about(v.boolean(), "Whether everything is frozen"),
  counts: v.object({
    plans: count,
    mutations: count,
    retries: count,
    failures: count,
    late: about(count, "Nodes at this moment"),
    waiting: about(count, "Nodes at this moment"),
  }),
  nodes: count,
  converged: count,
});
/** How the engine does. */
export type EngineInfo = Shape<typeof engine>;

/** Who is to be frozen or thawed. */
export const freezeBody = v.strictObject(
  { nodeset: v.exactOptional(about(nodeset, "Absent: everything")) },
  '{} for everything or {"nodeset":"n[1-8]"}',
);

const queue = about(
  v.array(v.object({ node: v.string(), mutation: v.string(), since: time })),
  "The first 100 that wait",
);
const hold = v.object({
  mutation: v.string(),
  goals: about(v.string(), "A hash of the goals"),
  nodes: about(v.array(v.string()), "Nodes on which it failed in a row"),
  reason: v.string(),
  since: time,
});
const waiting = about(count, "How many wait");
const holders = about(v.array(v.string()), "Up to 5 nodes that have the places");

/** Limits, invariants, and what is held for the whole fleet. */
export const limits = v.object({
  rules: about(v.record(v.string(), v.record(v.string(), json)), "As they are set on the aggregator's own node"),
  limits: v.array(v.object({
    ...{ name: v.string(), group: v.string(), inFlight: count, holders },
    ...{ atMost: v.exactOptional(v.number()), perSecond: v.exactOptional(v.number()), waiting, queue },
  })),
  invariants: v.array(v.object({
    ...{ name: v.string(), kind: v.picklist(["away", "transition"]), group: v.string(), count, holders },
    ...{ atMost: v.number(), waiting, queue },
  })),
  holds: v.array(hold),
});
/** Limits, invariants, and what is held for the whole fleet. */
export type LimitsInfo = Shape<typeof limits>;
/** What is tried again. */
export const releasedHolds = v.object({ released: v.array(hold) });

/** An aggregator of the tree, and how the nodes below it are. */
export const treeEntry = v.object({
  id: v.string(),
  name: v.string(),
  parent: about(v.string(), "Empty for the root, and where it is not known"),
  depth: about(count, "How many aggregators are above it here: 0 for the one that is asked"),
  health: v.picklist(["UNKNOWN", "FULL", "PARTIAL", "DEGRADED", "LOST"]),
  counts: v.object({
    ...{ nodes: count, converged: count, sync: count, failed: count },
    ...{ stale: count, aggregators: count, lost: count },
  }),
  link: v.string(),
  api: v.string(),
  broker: v.string(),
  standby: about(v.string(), "The name of the one that takes its children over; empty for none"),
  stale: v.exactOptional(stale),
  brokerLost: v.exactOptional(v.object({ since: v.string(), why: v.string() })),
});
/** An aggregator of the tree, and how the nodes below it are. */
export type TreeEntryInfo = Shape<typeof treeEntry>;
/** The aggregators of a tree. */
export const treeList = v.object({
  aggregators: about(v.array(treeEntry), "Each after its parent"),
  next: v.exactOptional(v.string()),
});

/** A machine that no node is known of. */
export const unknownMachine = v.object({
  mac: v.string(),
  asked: about(v.string(), "What it asked for last, such as `dhcp discover`"),
  vendorClass: v.exactOptional(v.string()),
  arch: v.exactOptional(v.string()),
  uuid: v.exactOptional(v.string()),
  first: time,
  last: time,
  count: about(count, "How often it was seen"),
});
/** Machines that no node is known of. */
export const discoveredList = v.object({
  aggregator: v.string(),
  boots: about(v.boolean(), "Whether machines boot from this aggregator"),
  machines: about(v.array(unknownMachine), "The newest first"),
  next: v.exactOptional(v.string()),
});
/** Machines that no node is known of. */
export type DiscoveredInfo = Shape<typeof discoveredList>;

const ofWhom = { cluster: v.string(), name: v.string(), version: v.string() };
/** The program lives. */
export const health = v.object({
  status: v.literal("ok"),
  ...ofWhom,
  troubles: v.exactOptional(about(v.array(v.string()), "What keeps it from its work")),
  warnings: v.exactOptional(about(v.array(v.string()), "What a person should look at although it does its work")),
});
/** The program can do its work. */
export const ready = v.object({ status: v.literal("ready"), ...ofWhom });
