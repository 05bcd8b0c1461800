import type { MutationKey, Question, Step } from "../plan/mod.ts";
import type { Checkpoint, EngineEvent, Outcome, Stuck } from "./host.ts";
import type { Out } from "./node.ts";
import type { Execution, NodeRecord, Wait } from "./record.ts";

/** An action of the engine for one node, as data. */
export type EngineCommand =
  /** Take the places that a step needs at limits and invariants. */
  | { readonly kind: "acquire"; readonly step: Step; readonly out: Out }
  /** Give back the places of a step that has ended or does not start after all. */
  | { readonly kind: "release"; readonly mutation: MutationKey }
  /** Call the handler of a step of this program. `again`: it is a retry. */
  | { readonly kind: "start"; readonly execution: Execution; readonly again: boolean }
  /** Start the timeout of a step that another program must run. */
  | { readonly kind: "await"; readonly execution: Execution }
  /** Restart the timeout of an execution. */
  | { readonly kind: "extend"; readonly execution: Execution }
  /** End an execution, and tell its handler why. */
  | { readonly kind: "end"; readonly execution: Execution; readonly outcome: Outcome; readonly why: string }
  /** Write a discovered value. */
  | { readonly kind: "discover"; readonly url: string; readonly value: string }
  /** Tell the node's agent which mutation of this program it may prepare. */
  | { readonly kind: "approve"; readonly mutation: MutationKey | undefined }
  /** Write a checkpoint. `required`: the commands after it need it on disk. */
  | { readonly kind: "remember"; readonly checkpoint: Checkpoint; readonly required: boolean }
  /** Show what has been given up on the node. */
  | { readonly kind: "hold"; readonly stuck: Stuck | undefined }
  /** Count a failure. With a `reason` it counts for the whole fleet too. */
  | { readonly kind: "countFailure"; readonly mutation: MutationKey; readonly reason: string | undefined }
  | { readonly kind: "countSuccess"; readonly mutation: MutationKey }
  /** Count a new plan. */
  | { readonly kind: "countPlan" }
  /** Tell the rules the state of the node. */
  | { readonly kind: "assess"; readonly out: Out; readonly unhealthy: boolean }
  /** Wait in the queues of exactly these steps. */
  | { readonly kind: "wait"; readonly waits: readonly Wait[] }
  /** Look at the node again when the plan for a question has been found. */
  | { readonly kind: "search"; readonly question: Question }
  /** Look at the node again soon. */
  | { readonly kind: "look" }
  /** Look at the node at this time, in clock milliseconds, instead of the time set before. */
  | { readonly kind: "lookAt"; readonly at: number | undefined }
  | { readonly kind: "log"; readonly event: EngineEvent };

/** A decision about a node: its next record, and the commands to carry out, in this order. */
export interface Decision {
  readonly record: NodeRecord;
  readonly commands: readonly EngineCommand[];
  /** Steps that are ready except for a blocker. */
  readonly waits: readonly Wait[];
}

/** Tells whether a decision does anything except wait. */
export function isNews({ commands }: Decision): boolean {
  return commands.some(({ kind }) => kind !== "assess" && kind !== "wait" && kind !== "lookAt" && kind !== "search");
}
