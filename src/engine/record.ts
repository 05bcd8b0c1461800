import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Sighting } from "../reports.ts";
import type { Value } from "../state/mod.ts";
import type { Refusal } from "./blocker.ts";
import type { FailureRecord } from "./failure_record.ts";
import type { Checkpoint } from "./host.ts";
import type { EngineNode, Freeze, Out } from "./node.ts";
import type { RunnableSteps } from "./runnable.ts";

/** A mutation that runs, or that another program is awaited to run. */
export interface Execution {
  readonly step: Step;
  /** Unique to this run of the mutation, restarts included. */
  readonly id: string;
  /** Clock milliseconds. */
  readonly since: number;
  /** False when another program runs it. */
  readonly isOurs: boolean;
  /** True when it is ours, and takes the node out of SYNC or cuts its power. */
  readonly disruptive: boolean;
  /** True once its handler has returned. */
  readonly hasReturned: boolean;
  /** What its handler has seen last, and when, in clock milliseconds. */
  readonly seen: (Sighting & { readonly at: number }) | undefined;
}

/** A value that a node is expected to leave. */
export interface DwellTimer {
  readonly value: Value;
  /** Since when it has been seen, in clock milliseconds. */
  readonly since: number;
  /** Milliseconds. */
  readonly within: number;
}

/** A mutation that could start but for this. */
export interface Wait {
  readonly step: Step;
  readonly refusal: Refusal;
}

/** The engine's knowledge of one node between two looks at it. A value: each decision makes another one. */
export interface NodeRecord {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly frozen: Freeze;
  readonly frozenWhy: string | undefined;
  /** The plan of the last look; undefined while there was none, or none since the node froze. */
  readonly plan: Plan | undefined;
  /** The keys of the last plan, to tell a new one. */
  readonly planned: string;
  readonly runnable: RunnableSteps | undefined;
  /** True while its plan is being searched for: it is looked at again when that is found. */
  readonly searching: boolean;
  /** Why there was no path when the node was last looked at, in words. */
  readonly noPath: string | undefined;
  /** True once something was started, until the goal is reached. */
  readonly worked: boolean;
  /** The mutation whose hold the host has been told. */
  readonly shown: MutationKey | undefined;
  /** The node as it was when nothing was left to do or to remember: a look at the same again is short. */
  readonly atRest: EngineNode | undefined;
  /** The target that was last reached; empty when none was. */
  readonly reached: string;
  /** True when the node is not where it was by this same target. */
  readonly unhealthy: boolean;
  readonly out: Out;
  /** The disruptive step that the rules have admitted, and that the agent prepares. */
  readonly approved: Step | undefined;
  /** Until when, in clock milliseconds, what was broken off may still take the node out. */
  readonly disturbedUntil: number;
  readonly waits: readonly Wait[];
  /** When it is looked at again whatever happens until then, in clock milliseconds. */
  readonly lookAt: number | undefined;
  /** By URL; undefined where nothing is expected to change. */
  readonly dwells: ReadonlyMap<string, DwellTimer> | undefined;
  readonly executions: ReadonlyMap<MutationKey, Execution>;
  readonly failures: ReadonlyMap<MutationKey, FailureRecord>;
}

/** Nothing waits: shared by all nodes, most of which wait for nothing. */
export const NO_WAITS: readonly Wait[] = [];

/** Nothing runs or has failed: shared likewise. */
const NONE: ReadonlyMap<MutationKey, never> = new Map<MutationKey, never>();

/** Makes a map with one more entry, or with another value for a key. */
export function withEntry<V>(
  map: ReadonlyMap<MutationKey, V>,
  key: MutationKey,
  value: V,
): ReadonlyMap<MutationKey, V> {
  return new Map(map).set(key, value);
}

/** Makes a map without a key. */
export function withoutEntry<V>(map: ReadonlyMap<MutationKey, V>, key: MutationKey): ReadonlyMap<MutationKey, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest.size === 0 ? NONE : rest;
}

/** Makes the record of a node that is seen for the first time, with what an earlier run of this program knew of it. */
export function createRecord(id: string, node: EngineNode, checkpoint: Checkpoint | undefined): NodeRecord {
  return {
    id,
    name: node.name,
    target: node.target,
    frozen: node.frozen,
    frozenWhy: node.frozenWhy,
    plan: undefined,
    planned: "",
    runnable: undefined,
    searching: false,
    noPath: undefined,
    worked: false,
    shown: undefined,
    atRest: undefined,
    reached: checkpoint?.reached ?? "",
    unhealthy: false,
    out: checkpoint?.out ?? "NO",
    approved: undefined,
    disturbedUntil: 0,
    waits: NO_WAITS,
    lookAt: undefined,
    dwells: undefined,
    executions: NONE,
    failures: NONE,
  };
}
