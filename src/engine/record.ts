import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Sighting } from "../reports.ts";
import type { Value } from "../state/mod.ts";
import type { InvariantRefusal } from "./blocker.ts";
import type { FailureRecord } from "./failure_record.ts";
import type { Checkpoint } from "./host.ts";
import type { EngineNode, Freeze, Out } from "./node.ts";
import type { RunnableSteps } from "./runnable.ts";

/** A mutation that runs, or that another program must run. */
export interface Execution {
  readonly step: Step;
  /** Unique to this run of the mutation, across restarts. */
  readonly id: string;
  /** Start, in clock milliseconds. */
  readonly since: number;
  /** False if another program runs it. */
  readonly isOurs: boolean;
  /** True if this program runs it and it takes the node out of SYNC or cuts its power. */
  readonly disruptive: boolean;
  /** True once its handler has returned. */
  readonly hasReturned: boolean;
  /** What its handler last saw, and when, in clock milliseconds. */
  readonly seen: (Sighting & { readonly at: number }) | undefined;
}

/** A value that a node should leave. */
export interface DwellTimer {
  readonly value: Value;
  /** When it was first seen, in clock milliseconds. */
  readonly since: number;
  /** Milliseconds. */
  readonly within: number;
}

/** A mutation that is ready except for a blocker. */
export interface Wait {
  readonly step: Step;
  readonly refusal: InvariantRefusal;
}

/** What the engine knows about one node between two looks. An immutable value: each decision makes another one. */
export interface NodeRecord {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly frozen: Freeze;
  readonly frozenWhy: string | undefined;
  /** The plan of the last look; undefined if there was none, or none since the node was frozen. */
  readonly plan: Plan | undefined;
  /** The keys of the last plan, to detect a new one. */
  readonly planned: string;
  readonly runnable: RunnableSteps | undefined;
  /** True while its plan is being searched for: the node is looked at again when the plan has been found. */
  readonly searching: boolean;
  /** Why there was no path at the last look, in words. */
  readonly noPath: string | undefined;
  /** True from the first start until the goal is reached. */
  readonly worked: boolean;
  /** The mutation whose hold the host shows. */
  readonly shown: MutationKey | undefined;
  /** The node as it was when nothing was left to do or to remember: a look at the same node is short. */
  readonly atRest: EngineNode | undefined;
  /** The target that was last reached; empty if none was. */
  readonly reached: string;
  /** True if the node had reached its present target and no longer has. */
  readonly unhealthy: boolean;
  readonly out: Out;
  /** The disruptive step that the rules have admitted and that the agent prepares. */
  readonly approved: Step | undefined;
  /** Until when a step that was broken off may still take the node out, in clock milliseconds. */
  readonly disturbedUntil: number;
  readonly waits: readonly Wait[];
  /** When it is looked at again even if nothing happens, in clock milliseconds. */
  readonly lookAt: number | undefined;
  /** By URL; undefined if nothing is expected to change. */
  readonly dwells: ReadonlyMap<string, DwellTimer> | undefined;
  readonly executions: ReadonlyMap<MutationKey, Execution>;
  readonly failures: ReadonlyMap<MutationKey, FailureRecord>;
}

/** No waits: one object for the many nodes that wait for nothing. */
export const NO_WAITS: readonly Wait[] = [];

/** No entries: one object, likewise. */
const NONE: ReadonlyMap<MutationKey, never> = new Map<MutationKey, never>();

/** Returns a copy of `map` in which `key` has `value`. */
export function withEntry<V>(
  map: ReadonlyMap<MutationKey, V>,
  key: MutationKey,
  value: V,
): ReadonlyMap<MutationKey, V> {
  return new Map(map).set(key, value);
}

/** Returns a copy of `map` without `key`. */
export function withoutEntry<V>(map: ReadonlyMap<MutationKey, V>, key: MutationKey): ReadonlyMap<MutationKey, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest.size === 0 ? NONE : rest;
}

/**
 * Creates the record of a node at its first look.
 *
 * @param id The node's id.
 * @param node The node.
 * @param checkpoint What an earlier run of this program has stored of it.
 */
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
