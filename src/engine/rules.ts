import type { MutationKey, Step } from "../plan/mod.ts";
import type { Blocker, Refusal } from "./blocker.ts";
import type { EngineNode, Out, Role } from "./node.ts";
import type { CountingRule } from "./limits/needs.ts";
import type { Objection } from "./limits/brakes.ts";
import type { EngineOptions } from "./options.ts";
import type { FleetHold } from "./types.ts";

/** What a decision has to know of the moment in which it is made. */
export interface Moment {
  /** Clock milliseconds. */
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** A random number of at least 0, below 1. */
  readonly chance: number;
  /** How many executions the engine has begun before. */
  readonly begun: number;
  /** Whether what is done to a node can be written down. */
  readonly isWritable: boolean;
  /** Whether no agent can be heard. */
  readonly isDeaf: boolean;
}

/** A step that could start, and how its node is. */
export interface Request {
  readonly id: string;
  readonly node: EngineNode;
  readonly step: Step;
  /** What has been done to the node. */
  readonly out: Out;
  /** Whether the node is not where it was by this same target. */
  readonly unhealthy: boolean;
  /** Steps of this node that take their places in the same decision. */
  readonly taken: readonly Step[];
}

/** A handler that has not returned though its execution is over. */
export interface Unreturned {
  readonly execution: string;
  /** Clock milliseconds. */
  readonly until: number;
}

/** What bounds an engine, to be read: nothing here changes anything. */
export interface Rules {
  readonly role: Role;
  /** Names this run of the program: no two executions, nor those of its restarts, have the same name. */
  readonly run: string;
  readonly options: EngineOptions;
  /** Tells what limits and invariants have against a step of ours; undefined where it may start now. */
  refusalOf(request: Request): Refusal | undefined;
  /** Finds the fleet-wide hold that a mutation of a node is under. */
  holdOf(mutation: MutationKey, node: EngineNode): FleetHold | undefined;
  /** Finds the last run of a mutation whose handler has not returned: the mutation must not run beside itself. */
  unreturnedOf(id: string, mutation: MutationKey): Unreturned | undefined;
}

/** A place of a limit or an invariant that a step needs. */
export interface NeededPlace {
  readonly rule: CountingRule;
  /** The value of the rule's `by`; empty without one. */
  readonly group: string;
  /** How many there are; undefined where there is no bound, or it is not known here. */
  readonly atMost: number | undefined;
  /** How many others have one or wait for one. */
  readonly taken: number;
}

/** What limits and invariants have to say of steps that can't start yet. */
export interface Outlook {
  placesOf(request: Pick<Request, "id" | "node" | "step" | "out">): NeededPlace[];
  /** Says why something disruptive would not be done to a node that is like this one. */
  forbids(node: EngineNode): Objection | undefined;
  /** Says in full what a refused step waits for. */
  blockerOf(request: Request, refusal: Refusal): Blocker;
}
