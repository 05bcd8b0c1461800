import type { Fault } from "../schemas/mod.ts";

/** Why the server did not do what was asked. */
export type Failure =
  | { readonly kind: "unreachable"; readonly server: string; readonly detail: string; readonly mayBeDone?: boolean }
  | { readonly kind: "timeout"; readonly server: string; readonly timeout: number; readonly mayBeDone?: boolean }
  | Refused
  /** The answer is not what a Kraken aggregator says. */
  | { readonly kind: "unexpected"; readonly server: string; readonly detail: string }
  /** Somebody ended this program. */
  | { readonly kind: "ended"; readonly mayBeDone?: boolean };

/** The server said no. */
export interface Refused {
  readonly kind: "refused";
  readonly status: number;
  readonly title: string;
  /** The stable name of the kind of problem, such as `/problems/invalid`. */
  readonly type?: string;
  /** Everything that was wrong, a message each. */
  readonly problems: readonly string[];
  /** The same with where it is in the body. */
  readonly errors?: readonly Fault[];
  /** The ETag that it has now, where a condition did not hold. */
  readonly etag?: string;
}

/** What came back. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T; readonly etag?: string }
  | { readonly ok: false; readonly failure: Failure };

/**
 * Marks the failure of a request that changes something: the change may have been made.
 *
 * @param failure The failure.
 */
export function ofChange(failure: Failure): Failure {
  switch (failure.kind) {
    case "timeout":
    case "ended":
      return { ...failure, mayBeDone: true };
    case "unreachable": {
      // Where nothing listens, nothing was sent.
      const wasSent = !/refused|resolve|ENOTFOUND|EAI_AGAIN|getaddrinfo|dns|unable to connect/i.test(failure.detail);
      return { ...failure, mayBeDone: wasSent };
    }
    case "refused":
    case "unexpected":
      return failure;
    default:
      return failure satisfies never;
  }
}

/**
 * Replaces the value of an answer; a failure stays as it is.
 *
 * @param answer The answer.
 * @param change Makes the new value from the old one.
 */
export function mapAnswer<T, U>(answer: Answer<T>, change: (value: T) => U): Answer<U> {
  return answer.ok ? { ...answer, value: change(answer.value) } : answer;
}
