import type { MutationKey, Step } from "../plan/mod.ts";
import type { Stuck } from "./host.ts";
import type { EngineOptions } from "./options.ts";
import type { Failure } from "./failure.ts";
import { backoff } from "../toolkit/mod.ts";

/** The record of one mutation on one node, for as long as the node's target stays. */
export interface FailureRecord {
  readonly key: MutationKey;
  /** How often it failed since it last succeeded for good. */
  readonly attempts: number;
  /** How often in a row it could not even be tried since it last failed or succeeded. */
  readonly unavailable?: number;
  /** Not to be started before this, in clock milliseconds. */
  readonly retryAt: number;
  /** True when it is given up. */
  readonly held: boolean;
  /** Since when it is given up, in clock milliseconds. */
  readonly heldSince?: number;
  /** True when it is given up for the whole fleet. */
  readonly fleet?: boolean;
  /** What went wrong last; empty when nothing did. */
  readonly reason: string;
  /** The mutation itself: undefined for what failed in an earlier run of this program, until a plan names it again. */
  readonly step: Step | undefined;
  /** Since when, in clock milliseconds, it has been done and not needed again. */
  readonly reachedAt: number | undefined;
}

/** Makes the record of what an earlier run of this program gave up. */
export function restoreStuck(stuck: Stuck, now: number): FailureRecord {
  const { mutation: key, attempts, reason } = stuck;
  return { key, attempts, retryAt: 0, held: true, heldSince: now, reason, step: undefined, reachedAt: undefined };
}

/**
 * Counts one more failure: the mutation waits, longer with each, and is held after the last attempt. What could not even be
 * tried waits too, but uses no attempt up.
 *
 * @param chance A random number of at least 0, below 1, that spreads the next attempts of many nodes.
 */
export function afterFailure(
  before: FailureRecord | undefined,
  step: Step,
  failure: Failure,
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

/** Notes a success: failures are forgotten only when it lasts. See {@link review}. */
export function afterSuccess(before: FailureRecord | undefined, step: Step, now: number): FailureRecord {
  return { attempts: 0, retryAt: 0, held: false, reason: "", ...before, key: step.key, step, reachedAt: now };
}

/** The outcome of a review of a failure record. */
export type Review =
  | { readonly kind: "keep"; readonly failure: FailureRecord }
  /** Its success has lasted. */
  | { readonly kind: "forget" }
  /** Its success did not last: the mutation is needed again. */
  | { readonly kind: "relapsed" };

/**
 * Reviews a failure record.
 *
 * @param needed The mutation as the plan has it; undefined when the plan does without it.
 * @param reached True when what the mutation changes is as it would leave it.
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
