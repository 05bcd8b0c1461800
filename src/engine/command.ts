import type { MutationKey, Question, Step } from "../plan/mod.ts";
import type { Checkpoint, EngineEvent, Stuck } from "./host.ts";
import type { Out } from "./node.ts";
import type { Execution, NodeRecord, Wait } from "./record.ts";

/** Something that the engine is to do about one node, as data. */
export type Command =
  /** Takes the places that a step needs of limits and invariants. */
  | { readonly kind: "acquire"; readonly step: Step; readonly out: Out }
  /** Gives the places of a step back that is over, or that does not start after all. */
  | { readonly kind: "release"; readonly mutation: MutationKey }
  /** Calls the handler of a step of ours, for another try where `again`. */
  | { readonly kind: "start"; readonly execution: Execution; readonly again: boolean }
  /** Gives another program its time to run a step. */
  | { readonly kind: "await"; readonly execution: Execution }
  /** Gives an execution its whole time again. */
  | { readonly kind: "extend"; readonly execution: Execution }
  /** Ends an execution, and tells its handler why. */
  | { readonly kind: "end"; readonly execution: Execution; readonly why: string }
  /** States a discovered value. */
  | { readonly kind: "discover"; readonly url: string; readonly value: string }
  /** Tells the node's agent which mutation of ours it may prepare. */
  | { readonly kind: "approve"; readonly mutation: MutationKey | undefined }
  /** Writes a checkpoint. Where `required`, what follows does not begin unless it is on disk. */
  | { readonly kind: "remember"; readonly checkpoint: Checkpoint; readonly required: boolean }
  /** Shows what has been given up on the node. */
  | { readonly kind: "hold"; readonly stuck: Stuck | undefined }
  /** Counts a failure; for the whole fleet too where a `reason` is given. */
  | { readonly kind: "countFailure"; readonly mutation: MutationKey; readonly reason: string | undefined }
  | { readonly kind: "countSuccess"; readonly mutation: MutationKey }
  /** Counts a new plan. */
  | { readonly kind: "countPlan" }
  /** Tells the rules how the node is. */
  | { readonly kind: "assess"; readonly out: Out; readonly unhealthy: boolean }
  /** Waits in line for exactly these, and for nothing else. */
  | { readonly kind: "wait"; readonly waits: readonly Wait[] }
  /** Looks at the node again once the plan for a question is found. */
  | { readonly kind: "search"; readonly question: Question }
  /** Looks at the node again soon. */
  | { readonly kind: "look" }
  /** Looks at it again at a time, in clock milliseconds, and not at the one that was set before. */
  | { readonly kind: "lookAt"; readonly at: number | undefined }
  | { readonly kind: "log"; readonly event: EngineEvent };

/** A decision about a node: its record from now on, and the commands to carry out, in this order. */
export interface Decision {
  readonly record: NodeRecord;
  readonly commands: readonly Command[];
  /** Steps that could start but for something. */
  readonly waits: readonly Wait[];
}

/** Tells whether a decision does anything but wait on. */
export function isNews({ commands }: Decision): boolean {
  return commands.some(({ kind }) => kind !== "assess" && kind !== "wait" && kind !== "lookAt" && kind !== "search");
}
