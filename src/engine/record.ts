import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Memory } from "./failures.ts";
import type { Gate } from "./gate.ts";
import type { EngineNode } from "./types.ts";

/** A mutation that runs, or that another program is awaited to run. */
export interface Flight {
  readonly step: Step;
  readonly execution: string;
  /** Clock milliseconds. */
  readonly since: number;
  /** Ends the handler; undefined when another program runs it. */
  readonly controller: AbortController | undefined;
  readonly cancelTimeout: () => void;
}

/** What the engine knows of one node between two looks at it. */
export interface NodeRecord {
  readonly id: string;
  name: string;
  target: string;
  frozen: boolean;
  /** True when the engine has let go of the node: nothing may start any more. */
  ended: boolean;
  /** The answer of the last look; undefined while there was none, or none since the node froze. */
  plan: Plan | undefined;
  /** The keys of the last plan, to tell a new one. */
  planned: string;
  gate: Gate | undefined;
  /** Why there was no path when the node was last looked at, in words. */
  noPath: string | undefined;
  /** True once something was started, until the goal is reached. */
  worked: boolean;
  /** The mutation whose hold the host has been told. */
  shown: MutationKey | undefined;
  /** Ends the wait for the next backoff. */
  cancelRetry: (() => void) | undefined;
  readonly flights: Map<MutationKey, Flight>;
  readonly failures: Map<MutationKey, Memory>;
}

/** A node that is seen for the first time. */
export function createRecord(id: string, node: EngineNode): NodeRecord {
  return {
    id,
    name: node.name,
    target: node.target,
    frozen: node.frozen,
    ended: false,
    plan: undefined,
    planned: "",
    gate: undefined,
    noPath: undefined,
    worked: false,
    shown: undefined,
    cancelRetry: undefined,
    flights: new Map(),
    failures: new Map(),
  };
}
