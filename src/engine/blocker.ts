import type { MutationKey } from "../plan/mod.ts";

/** Where something stands in a line. */
export interface Line {
  /** Clock milliseconds. */
  readonly since: number;
  /** Counted from 1. */
  readonly place: number;
  /** The node before it; absent at the head. */
  readonly behind?: string;
}

/** Why a mutation that could start does not. */
export type Blocker =
  /** A limit of the policy. */
  | {
    readonly kind: "limit";
    readonly limit: string;
    /** The value of `by`; empty without one. */
    readonly group: string;
    readonly by?: string;
    readonly inFlight: number;
    /** Names of up to 5 nodes that have the places. */
    readonly holders: readonly string[];
    readonly atMost?: number;
    readonly perSecond?: number;
  } & Line
  /** An invariant with a bound. */
  | {
    readonly kind: "count";
    readonly invariant: string;
    readonly counts: "away" | "transition";
    readonly group: string;
    readonly by?: string;
    readonly inFlight: number;
    /** Names of up to 5 nodes that have the places. */
    readonly holders: readonly string[];
    readonly atMost: number;
  } & Line
  /** Its turn has come: it starts when the node is looked at next. */
  | { readonly kind: "turn" }
  /** An invariant that says no. */
  | { readonly kind: "invariant"; readonly invariant: string; readonly because: string }
  /** The aggregator has not approved yet what this prepares. */
  | { readonly kind: "approval"; readonly mutation: MutationKey }
  /** What is done to the node can't be written down now. */
  | { readonly kind: "store" }
  /** The handler of its last run has not returned yet. */
  | { readonly kind: "unreturned"; readonly execution: string; readonly until: number };

/** A blocker, or that the mutation has to wait in line: where it stands changes with others, and is looked up when it is told. */
export type Refusal = Exclude<Blocker, { readonly kind: "limit" | "count" | "turn" }> | { readonly kind: "queued" };
