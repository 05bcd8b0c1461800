import type { MutationKey, Step } from "../plan/mod.ts";
import { backoff } from "../toolkit/mod.ts";
import type { Stuck } from "./host.ts";
import type { EngineOptions } from "./options.ts";

/** The reason why a handler of a module did not do its work. */
export interface StepFailure {
  readonly message: string;
  /** False if a retry cannot help: the mutation is held at once. */
  readonly retry: boolean;
  /** True if the cause is outside the mutation and does not predict its outcome on other nodes. */
  readonly outside?: boolean;
  /** True if the device or service could not be reached, so that nothing was tried: no attempt is used up. */
  readonly unavailable?: boolean;
  /** True if it says nothing about the node: the declared `failTo` does not apply. */
  readonly blameless?: boolean;
  /** A text that is also valid for other nodes, if `message` quotes something of this one. */
  readonly summary?: string;
}

/** The record of one mutation on one node, valid while the node has the same target. */
export interface FailureRecord {
  readonly key: MutationKey;
  /** Number of failures since its last lasting success. */
  readonly attempts: number;
  /** Number of times in a row that it could not be tried, since its last failure or success. */
  readonly unavailable?: number;
  /** Earliest next start, in clock milliseconds. */
  readonly retryAt: number;
  /** True if it is given up. */
  readonly held: boolean;
  /** When it was given up, in clock milliseconds. */
  readonly heldSince?: number;
  /** True if it is given up for the whole fleet. */
  readonly fleet?: boolean;
  /** The last problem; empty if there was none. */
  readonly reason: string;
  /** The mutation's step; undefined for a failure of an earlier run of this program, until a plan contains it again. */
  readonly step: Step | undefined;
  /** Since when it has been done and not needed again, in clock milliseconds. */
  readonly reachedAt: number | undefined;
}

/**
 * Restores the record of a mutation that an earlier run of this program gave up.
 *
 * @param stuck The stored value.
 * @param now Clock milliseconds.
 */
export function restoreStuck(stuck: Stuck, now: number): FailureRecord {
  const { mutation: key, attempts, reason } = stuck;
  return { key, attempts, retryAt: 0, held: true, heldSince: now, reason, step: undefined, reachedAt: undefined };
}

/**
 * Counts one more failure. The mutation waits, longer each time, and is held after the last attempt. A mutation that
 * could not be tried waits too, but uses up no attempt.
 *
 * @param before The record so far; undefined for the first failure.
 * @param step The step that failed.
 * @param failure The reason.
 * @param now Clock milliseconds.
 * @param chance A random number of at least 0, below 1, which spreads the retries of many nodes.
 * @param options Attempts and backoffs.
 */
export function afterFailure(
  before: FailureRecord | undefined,
  step: Step,
  failure: StepFailure,
  now: number,
  chance: number,
  options: EngineOptions,
): FailureRecord {
  const unavailable = failure.unavailable === true ? (before?.unavailable ?? 0) + 1 : 0;
  const attempts = (before?.attempts ?? 0) + (unavailable > 0 ? 0 : 1);
  const retryAt = now + backoff(options.backoffBase, options.backoffCap, attempts + unavailable - 1, () => chance);
  const held = !failure.retry || attempts >= options.maxAttempts;
  const since = held ? { heldSince: before?.heldSince ?? now } : {};
  const row = unavailable > 0 ? { unavailable } : {};
  return {
    key: step.key,
    attempts,
    ...row,
    retryAt,
    held,
    ...since,
    reason: failure.message,
    step,
    reachedAt: undefined,
  };
}

/**
 * Records a success of `step`. Failures are cleared only when the success lasts: see {@link review}.
 *
 * @param before The record so far.
 * @param now Clock milliseconds.
 */
export function afterSuccess(before: FailureRecord | undefined, step: Step, now: number): FailureRecord {
  return { attempts: 0, retryAt: 0, held: false, reason: "", ...before, key: step.key, step, reachedAt: now };
}

/** The result of a review of a failure record. */
export type Review =
  | { readonly kind: "keep"; readonly failure: FailureRecord }
  /** Its success has lasted. */
  | { readonly kind: "forget" }
  /** Its success has not lasted: the mutation is needed again. */
  | { readonly kind: "relapsed" };

/**
 * Reviews a failure record.
 *
 * @param failure The record.
 * @param needed The step in the present plan; undefined if the plan does not need the mutation.
 * @param reached Whether the values are as the mutation leaves them.
 * @param now Clock milliseconds.
 * @param settle How long a success must last, in milliseconds.
 */
export function review(
  failure: FailureRecord,
  needed: Step | undefined,
  reached: boolean,
  now: number,
  settle: number,
): Review {
  const step = needed ?? failure.step;
  if (failure.reachedAt === undefined) {
    return {
      kind: "keep",
      failure: { ...failure, step, reachedAt: needed === undefined && reached ? now : undefined },
    };
  }
  if (now - failure.reachedAt >= settle) return { kind: "forget" };
  if (needed === undefined) return { kind: "keep", failure };
  if (failure.held) return { kind: "keep", failure: { ...failure, step, reachedAt: undefined } };
  return { kind: "relapsed" };
}
