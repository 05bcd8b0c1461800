import { isRecord, type Value } from "../state/mod.ts";
import type { FailureRecord } from "./failure_record.ts";
import type { Checkpoint, KeptFailure } from "./host.ts";
import type { NodeRecord } from "./record.ts";
import type { Moment } from "./rules.ts";

/** The most failed mutations of one node that are kept over a restart. */
const MAX_KEPT = 16;
/** The longest reason that is kept, in UTF-16 code units. */
const MAX_REASON = 256;

const OUTS = ["NO", "TAKEN", "AWAY", "CUT"] as const;

/** Tells whether a record is of a failure, and not only of a success that may not last. */
export function isFailure({ attempts, unavailable = 0, held }: FailureRecord): boolean {
  return held || attempts > 0 || unavailable > 0;
}

/** Collects what must be known of a node after a restart. Where too much has failed, what is held goes first, then what waits longest. */
export function checkpointOf(record: NodeRecord, now: Pick<Moment, "now" | "wall">): Checkpoint {
  const { reached, out, target } = record;
  const failures = [...record.failures.values()].filter(isFailure);
  if (failures.length === 0) return { reached, out };
  failures.sort((a, b) => Number(b.held) - Number(a.held) || b.retryAt - a.retryAt);
  return { reached, out, failed: { target, mutations: failures.slice(0, MAX_KEPT).map((each) => keep(each, now)) } };
}

function keep(failure: FailureRecord, { now, wall }: Pick<Moment, "now" | "wall">): KeptFailure {
  const { key: mutation, attempts, unavailable, held, heldSince = now, retryAt, reason } = failure;
  const at = Math.ceil(((held ? heldSince : retryAt) - now + wall) / 1000);
  const row = unavailable === undefined ? {} : { unavailable };
  return { mutation, attempts, ...row, held, at, reason: reason.slice(0, MAX_REASON) };
}

/**
 * Makes a failure record of what an earlier run of this program kept.
 *
 * @param longest No backoff is longer, in milliseconds, even where the wall clock was set back meanwhile.
 */
export function restoreFailure(
  kept: KeptFailure,
  { now, wall }: Pick<Moment, "now" | "wall">,
  longest: number,
): FailureRecord {
  const { mutation: key, attempts, unavailable, held, at, reason } = kept;
  const ahead = at * 1000 - wall;
  const time = held
    ? { retryAt: 0, heldSince: now + Math.min(0, ahead) }
    : { retryAt: now + Math.min(Math.max(0, ahead), longest) };
  const row = unavailable === undefined ? {} : { unavailable };
  return { key, attempts, ...row, held, ...time, reason, step: undefined, reachedAt: undefined };
}

/** Reads the value of a node's `/engine/checkpoint`; undefined where it is not set. */
export function readCheckpoint(value: Value | null | undefined): Checkpoint | undefined {
  if (!isRecord(value)) return undefined;
  const { reached } = value;
  const out = OUTS.find((each) => each === value["out"]);
  if (typeof reached !== "string" || out === undefined) return undefined;
  const failed = readFailed(value["failed"]);
  return { reached, out, ...(failed !== undefined && { failed }) };
}

function readFailed(value: Value | undefined): Checkpoint["failed"] {
  if (!isRecord(value)) return undefined;
  const { target, mutations } = value;
  if (typeof target !== "string" || !Array.isArray(mutations)) return undefined;
  return { target, mutations: mutations.flatMap((each) => readKept(each) ?? []) };
}

function readKept(value: Value): KeptFailure | undefined {
  if (!isRecord(value)) return undefined;
  const { mutation, attempts, unavailable, held, at, reason } = value;
  const fits = typeof mutation === "string" && typeof attempts === "number" && typeof held === "boolean" &&
    typeof at === "number" && typeof reason === "string";
  if (!fits) return undefined;
  return { mutation, attempts, ...(typeof unavailable === "number" && { unavailable }), held, at, reason };
}

/** Makes the value of a node's `/engine/checkpoint`, which {@link readCheckpoint} reads. */
export function checkpointValue({ reached, out, failed }: Checkpoint): Value {
  if (failed === undefined) return { reached, out };
  const { target, mutations } = failed;
  return { reached, out, failed: { target, mutations: mutations.map((each) => ({ ...each })) } };
}
