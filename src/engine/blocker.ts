import type { MutationKey } from "../plan/mod.ts";

/** A place in a queue. */
export interface Line {
  /** When it joined the queue, in clock milliseconds. */
  readonly since: number;
  /** Counted from 1. */
  readonly place: number;
  /** The name of the node before it; absent at the head. */
  readonly behind?: string;
}

/** The reason why a mutation that is otherwise ready does not start. */
export type Blocker =
  /** A limit of the policy has no free place. */
  | {
    readonly kind: "limit";
    readonly limit: string;
    /** The value of the variable `by`; empty without `by`. */
    readonly group: string;
    readonly by?: string;
    readonly inFlight: number;
    /** Names of up to 5 nodes that have places. */
    readonly holders: readonly string[];
    readonly atMost?: number;
    readonly perSecond?: number;
  } & Line
  /** An invariant with a bound has no free place. */
  | {
    readonly kind: "count";
    readonly invariant: string;
    readonly counts: "away" | "transition";
    readonly group: string;
    readonly by?: string;
    readonly inFlight: number;
    /** Names of up to 5 nodes that have places. */
    readonly holders: readonly string[];
    readonly atMost: number;
  } & Line
  /** Its turn has come: it starts at the next look at the node. */
  | { readonly kind: "turn" }
  /** An invariant forbids it. */
  | { readonly kind: "invariant"; readonly invariant: string; readonly because: string }
  /** The aggregator has not approved the step that it prepares. */
  | { readonly kind: "approval"; readonly mutation: MutationKey }
  /** The checkpoint of the node cannot be stored now. */
  | { readonly kind: "store" }
  /** The handler of its last run has not returned. */
  | { readonly kind: "unreturned"; readonly execution: string; readonly until: number };

/**
 * A blocker, or only that the mutation must wait in a queue: its position changes with other nodes, so it is looked up
 * when it is shown.
 */
export type InvariantRefusal = Exclude<Blocker, { readonly kind: "limit" | "count" | "turn" }> | {
  readonly kind: "queued";
};
