import { isRecord, type Value } from "../state/mod.ts";
import type { FailureRecord } from "./failure_record.ts";
import type { Checkpoint, KeptFailure } from "./host.ts";
import type { NodeRecord } from "./record.ts";
import type { Moment } from "./rules.ts";

/** The largest number of failed mutations to keep for one node. */
const MAX_KEPT = 16;
/** The longest reason to keep, in UTF-16 code units. */
const MAX_REASON = 256;

const OUTS = ["NO", "TAKEN", "AWAY", "CUT"] as const;

/** Tells whether a record has a failure, and not only a success that may not last. */
export function isFailure({ attempts, unavailable = 0, held }: FailureRecord): boolean {
  return held || attempts > 0 || unavailable > 0;
}

/**
 * Collects what must be known about a node after a restart. If too many mutations have failed, held ones come first,
 * then those with the longest backoff.
 *
 * @param record The node's record.
 * @param now The present time: `now` in clock milliseconds, `wall` in milliseconds since 1970.
 */
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
 * Restores a failure record that an earlier run of this program stored.
 *
 * @param kept The stored record.
 * @param now The present time: `now` in clock milliseconds, `wall` in milliseconds since 1970.
 * @param longest Upper bound of the backoff, in milliseconds, which applies even if the wall clock was set back.
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

/** Reads `value`, a value of `/engine/checkpoint`; undefined if it is unset or invalid. */
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

/** Makes the value of `/engine/checkpoint`, which {@link readCheckpoint} reads. */
export function checkpointValue({ reached, out, failed }: Checkpoint): Value {
  if (failed === undefined) return { reached, out };
  const { target, mutations } = failed;
  return { reached, out, failed: { target, mutations: mutations.map((each) => ({ ...each })) } };
}
