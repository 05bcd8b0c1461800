import type { MutationKey, NoPlan, Planner, Step, SuspendedGoal } from "../plan/mod.ts";
import type { Reports } from "../reports.ts";
import type { Values } from "../state/mod.ts";
import type { Policy } from "./policy.ts";

/** What the engine sees of one node. */
export interface EngineNode {
  /** For people and events. */
  readonly name: string;
  readonly planner: Planner;
  /** What {@link viewOf} shows. A host that gives the same object again says that nothing has changed. */
  readonly view: Values;
  /** The values of its cfg facet. */
  readonly cfg: Values;
  /** Names this cfg: its newest version. What failed is remembered per target and forgotten with it. */
  readonly target: string;
  /** What keeps anything from being started on this node. */
  readonly frozen: Freeze;
}

/**
 * Whether a node is frozen: not at all, by itself, with everything else, or as it was moved here and may still be in other
 * hands.
 */
export type Freeze = "no" | "node" | "everything" | "moved";

/**
 * What was done to a node: `TAKEN` out of SYNC and not back; `AWAY`: taken out, and at its goal there; `CUT`: its power was
 * cut while it was not in SYNC, and it is not at its goal yet.
 */
export type Out = "NO" | "TAKEN" | "AWAY" | "CUT";

/** What an engine must know of a node after a restart. */
export interface Memo {
  /** The target that was last reached: what is wrong with this node while it has it is for repair. */
  readonly reached: string;
  readonly out: Out;
  /** What failed, and the target that it failed for: with another one it is forgotten. */
  readonly failed?: { readonly target: string; readonly mutations: readonly KeptFailure[] };
}

/** What is kept of a mutation that failed. */
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

/** What the engine has been told to give up on: the value of `/stuck/parent` and `/stuck/self`. */
export interface Stuck {
  readonly mutation: string;
  readonly reason: string;
  readonly target: string;
  readonly attempts: number;
}

/** Why a handler of a module did not do its work. */
export interface Failure {
  readonly message: string;
  /** False when trying again can't help: the mutation is held at once. */
  readonly retry: boolean;
  /** True when it came from outside, and says nothing of how the mutation does on other nodes. */
  readonly outside?: boolean;
  /** True when what the mutation works with could not be asked, so that it was not tried: no attempt is used up. */
  readonly unavailable?: boolean;
  /** True when it says nothing of the node: what the mutation declares as `failTo` is not stated. */
  readonly blameless?: boolean;
  /** What may be said of it on other nodes, where `message` quotes what was seen of this one. */
  readonly summary?: string;
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
  /** Tells a node's agent, by `/clear`, that it may prepare this mutation of ours; undefined: none. Absent in an agent. */
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
  write(id: string, checkpoint: Memo): void;
  read(id: string): Memo | undefined;
  /** Tells whether anything can be kept now. Nothing disruptive starts that a restart would know nothing of. */
  isWritable(): boolean;
}

/** Keeps what an engine holds for the whole fleet. */
export interface FleetMemory {
  /** Replaces what was kept before. It is on disk when this returns. */
  keep(holds: readonly KeptHold[]): void;
  kept(): readonly KeptHold[];
}

/** What an engine needs of the program that it runs in. An agent has neither checkpoints nor a fleet. */
export interface EngineHost {
  /** `parent`: for the nodes below; `self`: for the program's own node. An engine runs the steps of its own context. */
  readonly role: "parent" | "self";
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
export type Obstacle =
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
  /** The aggregator has not given its word yet for what this prepares. */
  | { readonly kind: "clearance"; readonly mutation: MutationKey }
  /** What is done to the node can't be written down now. */
  | { readonly kind: "store" }
  /** The handler of its last run has not returned yet. */
  | { readonly kind: "unsettled"; readonly execution: string; readonly until: number };

/** What the engine is doing with one node. */
export interface EngineStatus {
  /**
   * `converged`: at its goal; `working`: mutations are running or awaited; `waiting`: for a limit, an invariant or a handler
   * that does not return, see `reason`; `backoff`: waits until `retryAt`; `stuck`: gave up, see `reason`; `blocked`: there
   * is no path, see `reason`; `frozen`.
   */
  readonly phase: "converged" | "working" | "waiting" | "backoff" | "stuck" | "blocked" | "frozen";
  readonly reason?: string;
  /** Mutations in flight, with whether they are ours to run and since when (clock milliseconds). */
  readonly running: readonly {
    readonly key: string;
    readonly ours: boolean;
    readonly since: number;
    readonly execution: string;
  }[];
  /** Clock milliseconds. */
  readonly retryAt?: number;
  /** Present while something takes longer than it is expected to. */
  readonly late?: Late;
}

/** Something takes longer than expected: since when (clock milliseconds), and what. */
export interface Late {
  readonly since: number;
  readonly why: string;
}

/** What keeps one step of a plan from being done, or that nothing does. Times are clock milliseconds. */
export type StepState =
  /** A handler runs it until it is seen, or its time is over. */
  | {
    readonly kind: "running";
    readonly since: number;
    readonly until: number;
    readonly execution: string;
    /** What it has seen last, where it tells that. */
    readonly words?: string;
  }
  /** Another program must run it: the node's agent or its parent. */
  | { readonly kind: "awaited"; readonly of: "agent" | "parent"; readonly since?: number; readonly until?: number }
  /** Other steps come first. */
  | { readonly kind: "after"; readonly steps: readonly MutationKey[] }
  | { readonly kind: "backoff"; readonly until: number; readonly attempts: number; readonly reason: string }
  /** Given up: on this node, or for the whole fleet. */
  | {
    readonly kind: "held";
    readonly since: number;
    readonly attempts: number;
    readonly reason: string;
    readonly fleet: boolean;
  }
  /** It only prepares steps that are in backoff or held. */
  | { readonly kind: "pointless" }
  /** A limit, an invariant, or an earlier run of its own. */
  | { readonly kind: "waiting"; readonly obstacle: Obstacle; readonly words: string }
  | { readonly kind: "frozen"; readonly by: Exclude<Freeze, "no"> }
  /** It starts when the node is looked at next. */
  | { readonly kind: "ready" };

/** One step of a plan that is not done, and how it is. */
export interface ExplainedStep {
  readonly step: Step;
  readonly state: StepState;
}

/** What the engine does with a node, and why it does nothing where it does not. */
export interface Explanation {
  readonly phase: EngineStatus["phase"];
  readonly reason?: string;
  readonly late?: Late;
  /** Clock milliseconds: what the times of this explanation are to be compared with. */
  readonly now: number;
  readonly steps: readonly ExplainedStep[];
  /** Why there is no plan. */
  readonly noPlan?: NoPlan;
  readonly suspended: readonly SuspendedGoal[];
}

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

/** How the engine behaves. Every time is in milliseconds. */
export interface EngineOptions {
  /** Attempts before a mutation is held. @default 5 */
  readonly maxAttempts: number;
  /** Wait before the second attempt; doubles with each. @default 1000 */
  readonly backoffBase: number;
  /** Longest wait between attempts. @default 300000 */
  readonly backoffCap: number;
  /** A success that is lost within this time counts as a failure. @default 60000 */
  readonly settle: number;
  /** Every node is looked at again at least this often. @default 60000 */
  readonly resync: number;
  /** How long a handler that does not return holds up the next run of its mutation on its node. @default 30000 */
  readonly grace: number;
  /** Longest that reconciling keeps the event loop for itself. @default 10 */
  readonly slice: number;
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
