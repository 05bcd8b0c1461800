import type { MutationKey, Plan, Step } from "../plan/mod.ts";
import type { Sighting } from "../reports.ts";
import type { Value } from "../state/mod.ts";
import type { Memory } from "./failures.ts";
import type { Gate } from "./gate.ts";
import type { EngineNode, Freeze, Memo, Obstacle, Out } from "./types.ts";

/** A mutation that runs, or that another program is awaited to run. */
export interface Flight {
  readonly step: Step;
  readonly execution: string;
  /** Clock milliseconds. */
  readonly since: number;
  /** Ends the handler; undefined when another program runs it. */
  readonly controller: AbortController | undefined;
  /** When it fails, in clock milliseconds. */
  deadline: number;
  /** How many of its requests stand in a queue of the host's own. */
  queued: number;
  /** Since when the first of them does, in clock milliseconds. */
  queuedAt: number;
  cancelTimeout: () => void;
  /** What its handler has seen last, and when, in clock milliseconds. */
  seen: (Sighting & { readonly at: number }) | undefined;
  /** True when it takes the node out of SYNC or cuts its power. */
  readonly disruptive: boolean;
  /** True once its handler has returned. */
  settled: boolean;
}

/** A value that is to be left, and since when, in clock milliseconds, it has been seen. */
export interface Sight {
  readonly value: Value;
  readonly since: number;
  /** Milliseconds. */
  readonly within: number;
}

/** What the engine knows of one node between two looks at it. */
export interface NodeRecord {
  readonly id: string;
  name: string;
  target: string;
  frozen: Freeze;
  /** True when the engine has let go of the node: nothing may start any more. */
  ended: boolean;
  /** The answer of the last look; undefined while there was none, or none since the node froze. */
  plan: Plan | undefined;
  /** The keys of the last plan, to tell a new one. */
  planned: string;
  gate: Gate | undefined;
  /** True while its plan is being searched for: it is looked at again when that is found. */
  searching: boolean;
  /** Why there was no path when the node was last looked at, in words. */
  noPath: string | undefined;
  /** True once something was started, until the goal is reached. */
  worked: boolean;
  /** The mutation whose hold the host has been told. */
  shown: MutationKey | undefined;
  /** The node as it was when nothing was left to do or to remember: a look at the same again is short. */
  atRest: EngineNode | undefined;
  /** The target that was last reached; empty when none was. */
  reached: string;
  /** True when the node is not where it was by this same target. */
  unhealthy: boolean;
  out: Out;
  /** The disruptive step that the rules have admitted, and that the agent prepares. */
  cleared: Step | undefined;
  /** Until when, in clock milliseconds, what was broken off may still take the node out. */
  disturbedUntil: number;
  /** Mutations that could start but for this; `queued` ones stand in line at {@link Admission}. */
  waits: ReadonlyMap<MutationKey, Obstacle | "queued">;
  /** Values that the node is expected to leave. */
  sights: ReadonlyMap<string, Sight> | undefined;
  /** Ends the wait for the next backoff. */
  cancelRetry: (() => void) | undefined;
  /** Replaced when it changes, like failures: see {@link withEntry}. */
  flights: ReadonlyMap<MutationKey, Flight>;
  failures: ReadonlyMap<MutationKey, Memory>;
}

/** Nothing waits: shared by all nodes, most of which wait for nothing. */
export const NO_WAITS: ReadonlyMap<MutationKey, Obstacle | "queued"> = new Map();

/** Nothing is in flight or has failed: shared likewise. */
const NONE: ReadonlyMap<MutationKey, never> = new Map<MutationKey, never>();

/** A map with one more entry, or another value for a key. */
export function withEntry<V>(
  map: ReadonlyMap<MutationKey, V>,
  key: MutationKey,
  value: V,
): ReadonlyMap<MutationKey, V> {
  return new Map(map).set(key, value);
}

/** A map without a key. */
export function withoutEntry<V>(map: ReadonlyMap<MutationKey, V>, key: MutationKey): ReadonlyMap<MutationKey, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest.size === 0 ? NONE : rest;
}

/** A node that is seen for the first time, with what an earlier run of this program knew of it. */
export function createRecord(id: string, node: EngineNode, memo: Memo | undefined): NodeRecord {
  return {
    id,
    name: node.name,
    target: node.target,
    frozen: node.frozen,
    ended: false,
    plan: undefined,
    planned: "",
    gate: undefined,
    searching: false,
    noPath: undefined,
    worked: false,
    shown: undefined,
    atRest: undefined,
    reached: memo?.reached ?? "",
    unhealthy: false,
    out: memo?.out ?? "NO",
    cleared: undefined,
    disturbedUntil: 0,
    waits: NO_WAITS,
    sights: undefined,
    cancelRetry: undefined,
    flights: NONE,
    failures: NONE,
  };
}
