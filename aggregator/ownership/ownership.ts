import type { Assignment } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";

/** What is known of a node's machine, as far as it matters to who may act on the node. */
export interface Machine {
  /**
   * `on`: seen to be on. `off`: off, or cut off from power at this moment: nothing runs on it any more. `hung` and `faulty`:
   * something may run on it. `unknown`: not seen yet, or nobody controls its power.
   */
  readonly power: "on" | "off" | "hung" | "faulty" | "unknown";
  /** What its `/runState` says of its agent. Only a node that was heard can be lost. */
  readonly agent: "SYNC" | "INIT" | "other";
  /** Whether people want it to be off: who asks for that does not ask for a repair. */
  readonly isWantedOff: boolean;
  /** Whether it stands for an aggregator: what is below it goes stale with it. */
  readonly isAggregator: boolean;
}

/** A node that belongs to this aggregator, by the last word of the root that has come down. */
interface Local {
  /** The number of the assignment that put it here. */
  readonly assignment: number;
  readonly link: LinkState;
  /** Whether the agent that was heard last is the same process as the one before it. */
  readonly sameRun: boolean;
  /** Which time to come back is running: after a lost link, or the longer one after a restart or a move. */
  readonly grace: "none" | "short" | "long";
  readonly machine: Machine;
}

/** What an aggregator knows of a node's owner. Exactly one of these holds for each node at each aggregator. */
export type Ownership = Foreign | Below | Expected | Owned | Departing | Disputed;

/** Another aggregator's node, or one that nobody has heard of. Nothing is kept of it. */
export interface Foreign {
  readonly kind: "foreign";
}

/** A node that a child of this aggregator serves. */
export interface Below {
  readonly kind: "below";
  /** The own child through which it is reached. */
  readonly via: string;
}

/**
 * A node that was assigned to this aggregator and has not been heard under that assignment. Its agent may be well, at an
 * aggregator that has not heard of the move: hands off, and its silence proves nothing.
 */
export interface Expected extends Local {
  readonly kind: "expected";
  /** Aggregators that had it before and have not confirmed its release. */
  readonly holders: readonly string[];
  /** Whether its time to join is running. When that is over, and there are no holders, nobody else has it. */
  readonly isJoining: boolean;
}

/** This aggregator's own: it has joined, or nobody else can have it. */
export interface Owned extends Local {
  readonly kind: "owned";
}

/** A node that was this aggregator's, or that believes so: told where to go, as far as that is known, and not yet quiet. */
export interface Departing {
  readonly kind: "departing";
  /** Where it joins, if that is known. */
  readonly to: Assignment | undefined;
  /** The child that serves it from now on, if it is still below this aggregator. */
  readonly via: string | undefined;
}

/**
 * A node of this aggregator that has proved to be under a later assignment than the one that has come down to here: it is
 * elsewhere by now. Hands off, and its silence proves nothing.
 */
export interface Disputed extends Local {
  readonly kind: "disputed";
  readonly holders: readonly string[];
  /** The number of the later assignment. */
  readonly claimed: number;
}

/** A node that belongs to this aggregator, by the last word of the root that has come down. */
export type Here = Expected | Owned | Disputed;

/** Tells whether a node belongs to this aggregator. See {@link Here}. */
export function isHere(ownership: Ownership): ownership is Here {
  return ownership.kind === "expected" || ownership.kind === "owned" || ownership.kind === "disputed";
}

/** A node of which nothing is known. */
export const FOREIGN: Foreign = { kind: "foreign" };

/** Where the root has put a node, as far as its word has come down. */
export type Place =
  | { readonly kind: "here"; readonly assignment: number; readonly holders: readonly string[] }
  | { readonly kind: "below"; readonly via: string; readonly to: Assignment | undefined }
  | { readonly kind: "elsewhere"; readonly to: Assignment | undefined };
