import type { Planner, Step } from "../plan/mod.ts";
import type { Values } from "../state/mod.ts";

/** What the engine sees of one node. */
export interface EngineNode {
  /** For people and events. */
  readonly name: string;
  readonly planner: Planner;
  /** What {@link viewOf} shows. */
  readonly view: Values;
  /** The values of its cfg facet. */
  readonly cfg: Values;
  /** Names this cfg: its newest version. What failed is remembered per target and forgotten with it. */
  readonly target: string;
  /** True while nothing may be started on this node. */
  readonly frozen: boolean;
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
}

/** What an engine needs of the program that it runs in. */
export interface EngineHost {
  /** `parent`: for the nodes below; `self`: for the program's own node. An engine runs the steps of its own context. */
  readonly role: "parent" | "self";
  /** The ids of all nodes that it is responsible for. */
  nodes(): Iterable<string>;
  /** A node as it is now; undefined when it is gone. */
  read(id: string): EngineNode | undefined;
  /**
   * Runs the handler of a step that is in this engine's context. It may resolve before the change is seen: done is when
   * the discovered values say so. It rejects when the work could not be done. `execution` is unique to this run.
   */
  run(id: string, step: Step, execution: string, signal: AbortSignal): Promise<void>;
  /** Writes a discovered value, or forgets it (null). Calls the engine's `touch` for that node if it changed anything. */
  discover(id: string, url: string, value: string | null): void;
  /** Sets or clears (undefined) the node's `/stuck/parent` or `/stuck/self`. */
  hold(id: string, stuck: Stuck | undefined): void;
  /** What the node's `/stuck/...` of this role says: survives a restart. */
  held(id: string): Stuck | undefined;
  /** Takes what the engine decided to the event log. */
  log(event: EngineEvent): void;
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
    | "no-path"
    | "converged";
  readonly mutation?: string;
  /** In words, for people: why. */
  readonly why: string;
}

/** What the engine is doing with one node. */
export interface EngineStatus {
  /**
   * `converged`: at its goal; `working`: mutations are running or awaited; `backoff`: waits until `retryAt`;
   * `stuck`: gave up, see `reason`; `blocked`: there is no path, see `reason`; `frozen`.
   */
  readonly phase: "converged" | "working" | "backoff" | "stuck" | "blocked" | "frozen";
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
}

/** Counts since start. */
export interface EngineCounts {
  readonly plans: number;
  readonly mutations: number;
  readonly retries: number;
  readonly failures: number;
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
  counts(): EngineCounts;
  /** Forgets failures of a node, so that what is held is tried again. */
  retry(id: string): void;
  /** Aborts what runs and ends every timer. */
  stop(): void;
}
