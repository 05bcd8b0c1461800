import type { MutationKey } from "../plan/mod.ts";

/** A limit, for one group of nodes. */
export interface LimitStatus {
  readonly name: string;
  readonly group: string;
  readonly inFlight: number;
  /** Names of up to 5 nodes that have places. */
  readonly holders: readonly string[];
  readonly atMost?: number;
  readonly perSecond?: number;
  readonly queue: readonly { readonly node: string; readonly mutation: string; readonly since: number }[];
}

/** An invariant with a bound, for one group of nodes. */
export interface InvariantStatus {
  readonly name: string;
  readonly kind: "away" | "transition";
  readonly group: string;
  readonly count: number;
  /** Names of up to 5 nodes that have places. */
  readonly holders: readonly string[];
  readonly atMost: number;
  readonly queue: readonly { readonly node: string; readonly mutation: string; readonly since: number }[];
}

/** A mutation that is held for every node with the same goals. */
export interface FleetHold {
  readonly mutation: MutationKey;
  /** A hash of the goals. */
  readonly goals: string;
  /** Names of the nodes on which it failed in a row. */
  readonly nodes: readonly string[];
  /** The last problem. */
  readonly reason: string;
  /** Clock milliseconds. */
  readonly since: number;
}

/** A {@link FleetHold} as it is stored over a restart, when clock milliseconds of before mean nothing. */
export interface KeptHold extends Omit<FleetHold, "since"> {
  /** Milliseconds since 1970. */
  readonly heldAt: number;
}

/** Counts since the start; `late` and `waiting` are the present numbers of nodes. */
export interface EngineCounts {
  readonly plans: number;
  readonly mutations: number;
  readonly retries: number;
  readonly failures: number;
  readonly late: number;
  readonly waiting: number;
}
