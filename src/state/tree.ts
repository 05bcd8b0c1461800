import { defineExtension, enumeration } from "./extension.ts";
import type { Facet } from "./document.ts";
import { isUuid } from "./node_id.ts";
import { INHERITED } from "./profiles.ts";
import { isRecord, type Value } from "./value.ts";
import { MAX_INTEGER } from "./variable_type.ts";

/** The place where a program joins: an aggregator's node, and the broker that leads to it. */
const target = {
  parent: { kind: "string", maxLength: 36 },
  broker: { kind: "string", maxLength: 256 },
} as const;

/** The most aggregators that may still have a node. It cannot move on until one of them has confirmed its release. */
export const MAX_HOLDERS = 16;
/** The longest proof of an assignment, in characters: a signature takes 86. */
const MAX_PROOF = 128;

/** The overall state of the nodes below an aggregator. The first one means that it has not reported yet. */
export const HEALTHS = ["UNKNOWN", "FULL", "PARTIAL", "DEGRADED", "LOST"] as const;
/** See {@link HEALTHS}. */
export type Health = (typeof HEALTHS)[number];

/** The variables that make a tree of aggregators. */
export const tree = defineExtension("tree", {
  "/role": {
    type: enumeration("NODE", "AGGREGATOR"),
    writer: "cfg",
    about: "AGGREGATOR: the node is a program that serves other nodes; it is not powered, booted or repaired",
  },
  "/log/level": {
    type: { kind: "enum", values: ["debug", "info", "warn", "error"] },
    writer: "cfg",
    about:
      "Of an aggregator: the lowest level of the lines that it logs; debug has a line for each request, each run " +
      "of a mutation and each exchange of the boot services with a machine. Default: that of --log-level",
  },
  "/standby": {
    type: { kind: "string", maxLength: 64 },
    writer: "cfg",
    about: "Of an aggregator: name of the standby that takes over its nodes when it is lost",
  },
  "/assignment": {
    type: {
      kind: "object",
      fields: {
        number: { kind: "integer", min: 0 },
        ...target,
        standby: { kind: "object", fields: target, optional: ["broker"] },
        held: { kind: "list", items: target.parent, maxItems: MAX_HOLDERS },
        before: { kind: "list", items: { kind: "object", fields: target }, maxItems: MAX_HOLDERS },
        proof: { kind: "string", maxLength: MAX_PROOF },
      },
      optional: ["broker", "standby", "held", "before", "proof"],
    },
    writer: "cfg",
    about: "Internal: how often /parent has been set, where the node joins, and which aggregators may still have it",
  },
  "/release/requested": {
    type: { kind: "list", items: { kind: "string", maxLength: 64 }, maxItems: 64 },
    writer: "cfg",
    about: "Internal, of an aggregator: nodes that the root asks it to release",
  },
  "/release/confirmed": {
    type: { kind: "list", items: { kind: "string", maxLength: 64 }, maxItems: 64 },
    writer: "self",
    about: "Of an aggregator: the requested nodes that it has released",
    knownWhile: {},
  },
  "/retries": {
    type: { kind: "integer", min: 0 },
    writer: "cfg",
    about: "Internal: number of requests at the root to retry what was given up",
  },
  "/restored": {
    type: { kind: "integer", min: 0 },
    writer: "cfg",
    about: "Internal: first run of the root after it was restored from a backup",
  },
  "/staleSince": {
    type: { kind: "string", maxLength: 32 },
    writer: "parent",
    about: "Of an aggregator: since when its parent has heard neither it nor the nodes below it",
    knownWhile: {},
  },
  "/brokerLost": {
    type: {
      kind: "object",
      fields: { since: { kind: "string", maxLength: 32 }, why: { kind: "string", maxLength: 256 } },
    },
    writer: "self",
    about: "Of an aggregator: since when, and why, it cannot reach the broker of its children",
    knownWhile: {},
  },
  "/rootApi": {
    type: { kind: "string", maxLength: 256 },
    writer: "parent",
    about: "Of an aggregator: URL of the root's HTTP API, which accepts changes of cfg",
    knownWhile: {},
  },
  "/engine/status": {
    type: {
      kind: "object",
      fields: {
        phase: { kind: "string", maxLength: 16 },
        cfg: { kind: "string", maxLength: 32 },
        reason: { kind: "string", maxLength: 512 },
        late: { kind: "string", maxLength: 512 },
      },
      optional: ["reason", "late"],
    },
    writer: "parent",
    about: "What the aggregator does for the node, and for which version of its cfg",
    knownWhile: {},
  },
  "/api": {
    type: { kind: "string", maxLength: 256 },
    writer: "self",
    about: "Of an aggregator: URL of its HTTP API",
    knownWhile: {},
  },
  "/broker": {
    type: { kind: "string", maxLength: 256 },
    writer: "self",
    about: "Of an aggregator: URL of the broker for its children",
    knownWhile: {},
  },
  "/standbyFor": {
    type: { kind: "string", maxLength: 64 },
    writer: "self",
    about: "Of an aggregator: name of the aggregator for which it offers to be the standby",
    knownWhile: {},
  },
  "/standbySeen": {
    type: { kind: "string", maxLength: 128 },
    writer: "self",
    about: "Of an aggregator: the standby that it knows, and the version of its cfg that names it",
    knownWhile: {},
  },
  "/subtree/health": {
    type: enumeration(...HEALTHS),
    writer: "self",
    about:
      "Of an aggregator: FULL: all nodes below are connected and at their goal; PARTIAL: some are not at their goal yet; " +
      "DEGRADED: some have failed, or are cut off by a lost aggregator",
    knownWhile: {},
  },
  "/subtree/counts": {
    type: {
      kind: "object",
      fields: {
        nodes: { kind: "integer", min: 0 },
        converged: { kind: "integer", min: 0 },
        sync: { kind: "integer", min: 0 },
        failed: { kind: "integer", min: 0 },
        stale: { kind: "integer", min: 0 },
        aggregators: { kind: "integer", min: 0 },
        lost: { kind: "integer", min: 0 },
      },
    },
    writer: "self",
    about: "Of an aggregator: number of nodes below it, in total and by state",
    knownWhile: {},
  },
});

/**
 * The cfg variable that says that the root was restored from a backup: the run with which it went on. Cfg of an
 * earlier run was written after the backup, and no longer counts.
 */
export const RESTORED = "/restored";

/** The cfg variables that Kraken keeps for itself: people neither set nor see them. */
export const KEPT_URLS: ReadonlySet<string> = new Set([
  ...["/assignment", "/retries", "/release/requested", RESTORED, INHERITED],
]);

/**
 * An aggregator to join, and the broker that leads to it. Without a broker, the program uses its current or configured
 * one.
 */
export interface JoinTarget {
  /** The aggregator's UUID. */
  readonly parent: string;
  readonly broker?: string;
}

/** The place where a node joins, as the root decided: see `/assignment`. */
export interface Assignment extends JoinTarget {
  /** The number of times that the node's `/parent` was set: the higher one is valid. */
  readonly number: number;
  /** The standby that it may ask when its parent is lost. The standby accepts it once the root has allowed that. */
  readonly standby?: JoinTarget;
  /** The aggregators that may still have it, as far as it is known how to reach them. */
  readonly before?: readonly JoinTarget[];
  /** The root's signature of node, number and parent: see `src/evidence`. */
  readonly proof?: string;
}

/**
 * Reads an assignment from cfg or from a frame.
 *
 * @param value Anything from outside.
 * @returns The assignment; undefined if the value is not a valid one.
 */
export function readAssignment(value: unknown): Assignment | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!assignments.has(value)) assignments.set(value, parseAssignment(value));
  return assignments.get(value);
}

/** By value: a node's assignment is asked for at every change of the node, and values do not change. */
const assignments = new WeakMap<object, Assignment | undefined>();

function parseAssignment(value: object): Assignment | undefined {
  const target = readTarget(value);
  if (target === undefined || !isRecord(value)) return undefined;
  const { number, standby } = value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > MAX_INTEGER) {
    return undefined;
  }
  const other = standby === undefined ? undefined : readTarget(standby);
  if (standby !== undefined && other === undefined) return undefined;
  const before = readTargets(value["before"]);
  const { proof } = value;
  if (proof !== undefined && (typeof proof !== "string" || proof.length > MAX_PROOF)) return undefined;
  return {
    ...target,
    number,
    ...(other !== undefined && { standby: other }),
    ...(before.length > 0 && { before }),
    ...(proof !== undefined && { proof }),
  };
}

function readTargets(value: unknown): JoinTarget[] {
  return Array.isArray(value) ? value.slice(0, MAX_HOLDERS).flatMap((each) => readTarget(each) ?? []) : [];
}

function readTarget(value: unknown): JoinTarget | undefined {
  if (!isRecord(value)) return undefined;
  const { parent, broker } = value;
  if (typeof parent !== "string" || !isUuid(parent)) return undefined;
  if (broker === undefined) return { parent };
  return typeof broker === "string" && isBrokerUrl(broker) ? { parent, broker } : undefined;
}

/** Tells whether `text` is the URL of an MQTT broker (`mqtt`, `mqtts`, `ws` or `wss`) of at most 256 characters. */
export function isBrokerUrl(text: string): boolean {
  return text.length <= 256 && URL.canParse(text) && /^(mqtts?|wss?):$/.test(new URL(text).protocol);
}

/**
 * Turns an assignment into a value of `/assignment`.
 *
 * @param assignment The assignment.
 * @param held UUIDs of the aggregators that may still have the node, at most {@link MAX_HOLDERS}.
 */
export function assignmentValue(
  { number, parent, broker, standby, before = [], proof }: Assignment,
  held: readonly string[] = [],
): Value {
  return {
    number,
    parent,
    ...(broker !== undefined && { broker }),
    ...(standby !== undefined && {
      standby: { parent: standby.parent, ...(standby.broker !== undefined && { broker: standby.broker }) },
    }),
    ...(held.length > 0 && { held }),
    ...(before.length > 0 && { before: before.map((each) => ({ ...each })) }),
    ...(proof !== undefined && { proof }),
  };
}

/**
 * Lists the aggregators that may still have a node: they had it before, and have not confirmed its release.
 *
 * @param cfg The node's `cfg` facet.
 * @returns Their UUIDs.
 */
export function heldBy(cfg: Facet | undefined): readonly string[] {
  const value = cfg?.get("/assignment")?.value;
  const held = isRecord(value) ? value["held"] : undefined;
  return Array.isArray(held) ? held.filter((id): id is string => typeof id === "string") : [];
}

/** Reads the assignment that the facet `cfg` holds; undefined if it holds no valid one. */
export function assignmentIn(cfg: Facet | undefined): Assignment | undefined {
  return readAssignment(cfg?.get("/assignment")?.value);
}

/** Reads the number of the assignment that the facet `cfg` holds; 1 until the root has counted one. */
export function assignmentNumber(cfg: Facet | undefined): number {
  return assignmentIn(cfg)?.number ?? 1;
}
