import type { MutationKey, Step } from "../plan/mod.ts";
import type { Blocker, InvariantRefusal } from "./blocker.ts";
import type { EngineNode, Out, Role } from "./node.ts";
import type { CountingRule } from "./limits/needs.ts";
import type { Objection } from "./limits/brakes.ts";
import type { EngineOptions } from "./options.ts";
import type { FleetHold } from "./types.ts";

/** The present moment of a decision. */
export interface Moment {
  /** Clock milliseconds. */
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** A random number of at least 0, below 1. */
  readonly chance: number;
  /** Number of executions that the engine has started before. */
  readonly begun: number;
  /** Whether checkpoints can be stored. */
  readonly isWritable: boolean;
  /** Whether no agent can be heard. */
  readonly isDeaf: boolean;
}

/** A step that is ready, and the state of its node. */
export interface PlaceRequest {
  readonly id: string;
  readonly node: EngineNode;
  readonly step: Step;
  /** What was done to the node. */
  readonly out: Out;
  /** Whether the node had reached its present target and no longer has. */
  readonly unhealthy: boolean;
  /** Steps of this node that take their places in the same decision. */
  readonly taken: readonly Step[];
}

/** A handler that has not returned although its execution has ended. */
export interface Unreturned {
  readonly execution: string;
  /** Clock milliseconds. */
  readonly until: number;
}

/** The rules for a decision. Nothing here changes anything. */
export interface Rules {
  readonly role: Role;
  /** Names this run of the program, so that executions have unique names across restarts. */
  readonly run: string;
  readonly options: EngineOptions;
  /** Returns what limits and invariants have against a step of this program; undefined if it may start now. */
  refusalOf(request: PlaceRequest): InvariantRefusal | undefined;
  /** Finds the fleet-wide hold on a mutation of a node. */
  holdOf(mutation: MutationKey, node: EngineNode): FleetHold | undefined;
  /** Finds the last run of a mutation if its handler has not returned: a mutation never runs twice at a time. */
  unreturnedOf(id: string, mutation: MutationKey): Unreturned | undefined;
}

/** A place of a limit or an invariant that a step needs. */
export interface NeededPlace {
  readonly rule: CountingRule;
  /** The value of the variable `by`; empty without `by`. */
  readonly group: string;
  /** Number of places; undefined if there is no bound, or if it is not known here. */
  readonly atMost: number | undefined;
  /** Number of other nodes that have one or wait for one. */
  readonly taken: number;
}

/** What limits and invariants say about steps that cannot start yet. */
export interface Outlook {
  placesOf(request: Pick<PlaceRequest, "id" | "node" | "step" | "out">): NeededPlace[];
  /** Returns why no disruptive step would run on a node like this. */
  forbids(node: EngineNode): Objection | undefined;
  /** Describes in full what a refused step waits for. */
  blockerOf(request: PlaceRequest, refusal: InvariantRefusal): Blocker;
}
