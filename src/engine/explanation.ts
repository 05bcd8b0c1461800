import type { MutationKey, NoPlan, Plan, Step, SuspendedGoal } from "../plan/mod.ts";
import type { Blocker } from "./blocker.ts";
import type { Freeze } from "./node.ts";

/** The state of the engine's work on one node. */
export interface EngineStatus {
  /**
   * `converged`: at its goal; `working`: mutations are running or awaited; `waiting`: for a limit, an invariant or a
   * handler that has not returned, see `reason`; `backoff`: waits until `retryAt`; `stuck`: given up, see `reason`;
   * `blocked`: there is no path, see `reason`; `frozen`.
   */
  readonly phase: "converged" | "working" | "waiting" | "backoff" | "stuck" | "blocked" | "frozen";
  readonly reason?: string;
  /** Mutations in flight, whether this program runs them, and since when (clock milliseconds). */
  readonly running: readonly {
    readonly key: string;
    readonly ours: boolean;
    readonly since: number;
    readonly execution: string;
  }[];
  /** Clock milliseconds. */
  readonly retryAt?: number;
  /** Present while something takes longer than expected. */
  readonly late?: Late;
}

/** Something that takes longer than expected: since when (clock milliseconds), and what. */
export interface Late {
  readonly since: number;
  readonly why: string;
}

/** The state of one step of a plan. Times are clock milliseconds. */
export type StepState =
  /** A handler runs it, until its change is seen or its time is over. */
  | {
    readonly kind: "running";
    readonly since: number;
    readonly until: number;
    readonly execution: string;
    /** What it last saw, if it reports that. */
    readonly words?: string;
  }
  /** Another program must run it: the node's agent or its parent. */
  | { readonly kind: "awaited"; readonly of: "agent" | "parent"; readonly since?: number; readonly until?: number }
  /** Other steps come first. */
  | { readonly kind: "after"; readonly steps: readonly MutationKey[] }
  | { readonly kind: "backoff"; readonly until: number; readonly attempts: number; readonly reason: string }
  /** Given up, on this node or for the whole fleet. */
  | {
    readonly kind: "held";
    readonly since: number;
    readonly attempts: number;
    readonly reason: string;
    readonly fleet: boolean;
  }
  /** It only prepares steps that are in backoff or held. */
  | { readonly kind: "pointless" }
  /** A limit, an invariant, or an earlier run of its own blocks it. */
  | { readonly kind: "waiting"; readonly blocker: Blocker; readonly words: string }
  /** Nothing starts before a thaw. `next`: it starts right after one. */
  | { readonly kind: "frozen"; readonly by: Exclude<Freeze, "no">; readonly next: boolean }
  /** It starts at the next look at the node. */
  | { readonly kind: "ready" };

/** One remaining step of a plan, and its state. */
export interface ExplainedStep {
  readonly step: Step;
  readonly state: StepState;
}

/** Explains what the engine does next with a node, and why it does nothing where it does not. */
export interface Explanation {
  readonly phase: EngineStatus["phase"];
  readonly reason?: string;
  readonly late?: Late;
  /** Clock milliseconds: the reference for the times in this explanation. */
  readonly now: number;
  /** Who froze the node, if it is frozen. */
  readonly frozen?: Exclude<Freeze, "no">;
  readonly plan: Plan;
  readonly steps: readonly ExplainedStep[];
  /** Why there is no plan, if there is none. */
  readonly noPlan?: NoPlan;
  readonly suspended: readonly SuspendedGoal[];
}
