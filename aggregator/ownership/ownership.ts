import type { Assignment } from "../../src/state/mod.ts";
import type { LinkState } from "../../src/sync/mod.ts";

/** What is known of a node's machine, as far as it matters to who may act on the node. */
export interface Machine {
  /**
   * `on`: seen to be on. `off`: off, or being power-cycled at this moment, so nothing runs on it. `hung` and `faulty`:
   * something may run on it. `unknown`: not seen yet, or nothing controls its power.
   */
  readonly power: "on" | "off" | "hung" | "faulty" | "unknown";
  /** The state of its agent by `/runState`. Only a node that was heard can be lost. */
  readonly agent: "SYNC" | "INIT" | "other";
  /** Whether cfg asks for power-off: such a change is not a repair. */
  readonly isWantedOff: boolean;
  /** Whether the node is an aggregator: the nodes below it go stale with it. */
  readonly isAggregator: boolean;
  /** What can change its power: a controller, a person who is asked to (`/platform=manual`), or nothing (`/platform=none`). */
  readonly control: "controller" | "person" | "none";
}

/** A node that belongs to this aggregator by the latest assignment that it has received. */
interface Local {
  /** The number of the assignment to this aggregator. */
  readonly assignment: number;
  readonly link: LinkState;
  /** Whether the agent that was heard last is the same process as the one before. */
  readonly sameRun: boolean;
  /** The grace period that is running: the short one after a lost link, the long one after a restart or a move. */
  readonly grace: "none" | "short" | "long";
  readonly machine: Machine;
}

/**
 * What an aggregator knows about the owner of a node. Each node is in exactly one of these states at each aggregator.
 */
export type Ownership = Foreign | Below | Expected | Owned | Departing | Disputed;

/** A node of another aggregator, or an unknown one. Nothing is stored about it. */
export interface Foreign {
  readonly kind: "foreign";
}

/** A node that a child of this aggregator serves. */
export interface Below {
  readonly kind: "below";
  /** The child through which it is reached. */
  readonly via: string;
}

/**
 * A node that was assigned to this aggregator and has not been heard under that assignment. Its agent may be healthy,
 * at an aggregator that does not know about the move. So the engine leaves it alone, and its silence proves nothing.
 */
export interface Expected extends Local {
  readonly kind: "expected";
  /** Aggregators that had it before and have not confirmed its release. */
  readonly holders: readonly string[];
  /** Whether its time to join is running. When that ends and there are no holders, no other aggregator has the node. */
  readonly isJoining: boolean;
}

/** A node of this aggregator: it has joined, or no other aggregator can have it. */
export interface Owned extends Local {
  readonly kind: "owned";
}

/**
 * A node that was this aggregator's, or believes so. It has been redirected, if its place is known, and is not quiet
 * yet.
 */
export interface Departing {
  readonly kind: "departing";
  /** Where it joins, if known. */
  readonly to: Assignment | undefined;
  /** The child that serves it from now on, if it is still below this aggregator. */
  readonly via: string | undefined;
}

/**
 * A node of this aggregator that has proved a later assignment than this aggregator knows: another aggregator has it.
 * The engine leaves it alone, and its silence proves nothing.
 */
export interface Disputed extends Local {
  readonly kind: "disputed";
  readonly holders: readonly string[];
  /** The number of the later assignment. */
  readonly claimed: number;
}

/** A node that belongs to this aggregator by the latest assignment that it has received. */
export type Here = Expected | Owned | Disputed;

/** Tells whether a node belongs to this aggregator: see {@link Here}. */
export function isHere(ownership: Ownership): ownership is Here {
  return ownership.kind === "expected" || ownership.kind === "owned" || ownership.kind === "disputed";
}

/** The state of an unknown node. */
export const FOREIGN: Foreign = { kind: "foreign" };

/** Where the root has assigned a node, by what has been received from it. */
export type Place =
  | { readonly kind: "here"; readonly assignment: number; readonly holders: readonly string[] }
  | { readonly kind: "below"; readonly via: string; readonly to: Assignment | undefined }
  | { readonly kind: "elsewhere"; readonly to: Assignment | undefined };
