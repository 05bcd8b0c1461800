import type { MutationKey } from "../plan/mod.ts";
import type { EngineStatus, Explanation } from "./explanation.ts";
import type { EngineNode } from "./node.ts";
import type { Preview } from "./preview.ts";
import type { Policy } from "./policy.ts";

/** A limit, for one group of nodes. */
export interface LimitStatus {
  readonly name: string;
  readonly group: string;
  readonly inFlight: number;
  /** Names of up to 5 nodes that have the places. */
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
  /** Names of up to 5 nodes that have the places. */
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
  /** What went wrong last. */
  readonly reason: string;
  /** Clock milliseconds. */
  readonly since: number;
}

/** A {@link FleetHold} as it is kept over a restart, when the clock of before says nothing. */
export interface KeptHold extends Omit<FleetHold, "since"> {
  /** Milliseconds since 1970. */
  readonly heldAt: number;
}

/** Counts since start; `late` and `waiting` are nodes at this moment. */
export interface EngineCounts {
  readonly plans: number;
  readonly mutations: number;
  readonly retries: number;
  readonly failures: number;
  readonly late: number;
  readonly waiting: number;
}

/** Reconciles nodes: diff, plan, mutate, observe. */
export interface Engine {
  /** Something about this node changed, or may have: look at it soon. */
  touch(id: string): void;
  /** Look at every node, for instance after a thaw. */
  touchAll(): void;
  status(id: string): EngineStatus;
  /** Every step that is left, and what it waits for; undefined when there is no such node. */
  explain(id: string): Explanation | undefined;
  /** Tells what would be done about a node if it were like this: with another cfg, say. It need not be there. */
  preview(id: string, node: EngineNode): Preview;
  counts(): EngineCounts;
  /** Replaces limits, invariants and brakes. What is in flight goes on, and counts; who waits keeps its turn. */
  setPolicy(policy: Policy): void;
  /** Limits, with who waits at them. */
  limits(): LimitStatus[];
  /** Invariants with a bound, with who waits for them. */
  invariants(): InvariantStatus[];
  /** What is held for the whole fleet. */
  holds(): FleetHold[];
  /** Lets everything that is held for the whole fleet be tried again. */
  release(): void;
  /** Forgets failures of a node, and what is held for the whole fleet in its way, so that it is tried again. */
  retry(id: string): void;
  /** Aborts what runs and ends every timer. */
  stop(): void;
}
