import type { MutationKey, Step } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { KeptHold } from "./types.ts";
import type { EngineNode, Out, Role } from "./node.ts";

/** What an engine must know about a node after a restart. */
export interface Checkpoint {
  /** The target that was last reached: with this target, whatever is wrong with the node is a matter for repair. */
  readonly reached: string;
  readonly out: Out;
  /** The failures, and the target that they belong to: with another target they are cleared. */
  readonly failed?: { readonly target: string; readonly mutations: readonly KeptFailure[] };
}

/** A failed mutation, as it is stored over a restart. */
export interface KeptFailure {
  readonly mutation: MutationKey;
  /** Number of failures. */
  readonly attempts: number;
  /** Number of times in a row that it could not be tried. */
  readonly unavailable?: number;
  /** True if it is given up. */
  readonly held: boolean;
  /** When it is tried again; for a held mutation, when it was given up. Seconds since 1970. */
  readonly at: number;
  readonly reason: string;
}

/** A mutation that the engine has given up: the value of `/stuck/parent` and `/stuck/self`. */
export interface Stuck {
  readonly mutation: string;
  readonly reason: string;
  readonly target: string;
  readonly attempts: number;
}

/** The nodes of an engine. */
export interface NodeSource {
  /** Lists the ids of all nodes that the engine is responsible for. */
  nodes(): Iterable<string>;
  /** Returns a node as it is now; undefined if it no longer exists. */
  read(id: string): EngineNode | undefined;
  /**
   * Tells whether no agent can be heard now, so that values from agents cannot be late. Absent if that is impossible.
   */
  isDeaf?(): boolean;
}

/** Carries out what an engine decides. */
export interface Executor {
  /**
   * Runs the handler of a step of this engine's context. It may resolve before the change is seen: a step is done when
   * the discovered values say so. It rejects if the work could not be done. `execution` is unique to this run.
   */
  run(id: string, step: Step, execution: string, signal: AbortSignal, reports: Reports): Promise<void>;
  /**
   * Writes a discovered value, or unsets it (null). Calls the engine's `touch` for that node if this changes anything.
   */
  discover(id: string, url: string, value: string | null): void;
  /** Tells a node's agent, by `/approval`, that it may prepare this mutation; undefined: none. Absent in an agent. */
  approve?(id: string, mutation: MutationKey | undefined): void;
}

/** How an execution has ended; `aborted`: the plan does not continue it, or the engine has stopped. */
export type Outcome = "done" | "failed" | "aborted";

/** Shows people what an engine decides. */
export interface Journal {
  /** Writes an entry to the event log. */
  log(event: EngineEvent): void;
  /**
   * Measures an execution that has ended. Absent in an agent.
   *
   * @param duration In milliseconds.
   */
  timed?(mutation: MutationKey, duration: number, outcome: Outcome): void;
  /** Sets or unsets (undefined) the node's `/stuck/parent` or `/stuck/self`. */
  hold(id: string, stuck: Stuck | undefined): void;
  /** Reads the node's `/stuck/...` of this role, which survives a restart. */
  held(id: string): Stuck | undefined;
}

/** Stores what an engine must know about its nodes after a restart. */
export interface Checkpoints {
  /** Stores the checkpoint of a node. If something was done to the node, it is on disk when this returns. */
  write(id: string, checkpoint: Checkpoint): void;
  read(id: string): Checkpoint | undefined;
  /** Tells whether anything can be stored now. Nothing disruptive starts without a record on disk. */
  isWritable(): boolean;
}

/** Stores the fleet-wide holds of an engine. */
export interface FleetMemory {
  /** Replaces the stored holds. They are on disk when this returns. */
  keep(holds: readonly KeptHold[]): void;
  kept(): readonly KeptHold[];
}

/** The program that an engine runs in. An agent has neither checkpoints nor a fleet. */
export interface EngineHost {
  /** `parent`: for the nodes below; `self`: for the program's own node. An engine runs the steps of its own context. */
  readonly role: Role;
  readonly source: NodeSource;
  readonly executor: Executor;
  readonly journal: Journal;
  readonly checkpoints?: Checkpoints;
  readonly fleet?: FleetMemory;
}

/** Something that the engine decided or saw. */
export interface EngineEvent {
  readonly node: string;
  readonly kind:
    | "started" // a mutation of this program
    | "awaited" // a mutation that another program must run
    | "done"
    | "failed"
    | "aborted" // the new plan does not continue it
    | "retry" // starts again after a failure
    | "stuck"
    | "unstuck"
    | "refused" // an invariant forbids it
    | "held" // for the whole fleet
    | "released"
    | "overdue" // a handler did not return
    | "noted" // a handler reports something
    | "no-path"
    | "converged";
  readonly mutation?: string;
  /** The reason, in words. */
  readonly why: string;
}
