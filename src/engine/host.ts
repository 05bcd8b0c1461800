import type { MutationKey, Step } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { KeptHold } from "./types.ts";
import type { EngineNode, Out, Role } from "./node.ts";

/** A record of what an engine must know of a node after a restart. */
export interface Checkpoint {
  /** The target that was last reached: what is wrong with this node while it has it is for repair. */
  readonly reached: string;
  readonly out: Out;
  /** What failed, and the target that it failed for: with another one it is forgotten. */
  readonly failed?: { readonly target: string; readonly mutations: readonly KeptFailure[] };
}

/** A failed mutation, as it is kept over a restart. */
export interface KeptFailure {
  readonly mutation: MutationKey;
  /** How often it failed. */
  readonly attempts: number;
  /** How often in a row it could not even be tried. */
  readonly unavailable?: number;
  /** True when it is given up. */
  readonly held: boolean;
  /** When it is to be tried again; of one that is held, since when it is. Seconds since 1970. */
  readonly at: number;
  readonly reason: string;
}

/** A mutation that the engine has given up on: the value of `/stuck/parent` and `/stuck/self`. */
export interface Stuck {
  readonly mutation: string;
  readonly reason: string;
  readonly target: string;
  readonly attempts: number;
}

/** Where an engine reads its nodes. */
export interface NodeSource {
  /** The ids of all nodes that the engine is responsible for. */
  nodes(): Iterable<string>;
  /** A node as it is now; undefined when it is gone. */
  read(id: string): EngineNode | undefined;
  /** Tells whether no agent can be heard now, so that what only agents show is not late. Absent: that can't happen. */
  isDeaf?(): boolean;
}

/** Carries out what an engine decides. */
export interface Executor {
  /**
   * Runs the handler of a step that is in this engine's context. It may resolve before the change is seen: a step is done when
   * the discovered values say so. It rejects when the work could not be done. `execution` is unique to this run.
   */
  run(id: string, step: Step, execution: string, signal: AbortSignal, reports: Reports): Promise<void>;
  /** Writes a discovered value, or forgets it (null). Calls the engine's `touch` for that node if it changed anything. */
  discover(id: string, url: string, value: string | null): void;
  /** Tells a node's agent, by `/approval`, that it may prepare this mutation of ours; undefined: none. Absent in an agent. */
  approve?(id: string, mutation: MutationKey | undefined): void;
}

/** Shows people what an engine decides. */
export interface Journal {
  /** Takes what the engine decided to the event log. */
  log(event: EngineEvent): void;
  /** Sets or clears (undefined) the node's `/stuck/parent` or `/stuck/self`. */
  hold(id: string, stuck: Stuck | undefined): void;
  /** Reads the node's `/stuck/...` of this role, which survives a restart. */
  held(id: string): Stuck | undefined;
}

/** Keeps what an engine must know of its nodes after a restart. */
export interface Checkpoints {
  /** Keeps the checkpoint of a node. It is on disk when this returns, where something was done to the node. */
  write(id: string, checkpoint: Checkpoint): void;
  read(id: string): Checkpoint | undefined;
  /** Tells whether anything can be kept now. Nothing disruptive starts that a restart would know nothing of. */
  isWritable(): boolean;
}

/** Keeps what an engine holds for the whole fleet. */
export interface FleetMemory {
  /** Replaces what was kept before. It is on disk when this returns. */
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
    | "started" // a mutation in our context
    | "awaited" // a mutation that another program must run
    | "done"
    | "failed"
    | "aborted" // the new plan does not continue it
    | "retry" // starts again after a failure
    | "stuck"
    | "unstuck"
    | "refused" // by an invariant that says no
    | "held" // for the whole fleet
    | "released"
    | "overdue" // a handler did not return
    | "noted" // a handler tells of its work
    | "no-path"
    | "converged";
  readonly mutation?: string;
  /** In words, for people: why. */
  readonly why: string;
}
