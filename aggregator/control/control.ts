import type {
  EngineCounts,
  EngineStatus,
  Explanation,
  FleetHold,
  InvariantStatus,
  Late,
  LimitStatus,
  Refused,
  StepState,
  Stuck,
} from "../../src/engine/mod.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import type { Plan, StateGraph, Step } from "../../src/plan/mod.ts";
import type { Difference, Health, Schema, Value, Version } from "../../src/state/mod.ts";
import type { SubtreeCounts } from "../status/health.ts";

export type { InventoryNode } from "../../src/inventory/mod.ts";

/** One node in a list. */
export interface NodeSummary {
  readonly id: string;
  readonly name: string;
  /** "aggregator" for the program's own node. */
  readonly kind: "node" | "aggregator";
  readonly platform: string;
  readonly parent: string;
  readonly physState: string;
  readonly runState: string;
  readonly link: string;
  readonly phase: EngineStatus["phase"];
  /** Why it is stuck or blocked, or what it waits for or is doing. */
  readonly reason: string;
  /** Present while something of it takes longer than expected. */
  readonly late?: Late;
  /** Present while nothing is known of it: everything else is what was known last. */
  readonly stale?: Stale;
}

/** Since when nothing is known of a node, and which aggregator on the way to it is not heard. */
export interface Stale {
  /** ISO 8601. */
  readonly since: string;
  readonly aggregator: string;
}

/** The program that has to be asked instead. */
export interface Elsewhere {
  /** In words, such as "the root" or "aggregator 'rack1'". */
  readonly what: string;
  /** URL of its HTTP API, where it is known. */
  readonly api?: string;
}

/** An aggregator of the tree, and how its subtree is. */
export interface TreeEntry {
  readonly id: string;
  readonly name: string;
  /** The name of its parent; "" for the root, and where it is not known. */
  readonly parent: string;
  /** How many aggregators are above it here: 0 for the program that is asked. */
  readonly depth: number;
  readonly health: Health;
  readonly counts: SubtreeCounts;
  /** Its own link to its parent. */
  readonly link: string;
  readonly api: string;
  readonly broker: string;
  /** The name of the one that takes its children over; "" for none. */
  readonly standby: string;
  readonly stale?: Stale;
}

/** Everything about one node. */
export interface NodeDetail extends NodeSummary {
  readonly cfg: ReadonlyMap<string, Value>;
  /** What is known of it: see `viewOf`; constants are left out. */
  readonly dsc: ReadonlyMap<string, Value>;
  /** The version of its cfg: the ETag. */
  readonly version: Version;
  readonly engine: EngineStatus;
}

/** One entry of the event log. */
export interface LoggedEvent {
  /** Grows by one with each event of this aggregator, restarts included. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly node: string;
  readonly kind: string;
  readonly mutation?: string;
  readonly why: string;
}

/** Why something that was asked for is not done. */
export interface Refusal {
  readonly ok: false;
  readonly kind: "unknown-node" | "invalid" | "conflict" | "unavailable";
  /** One message each, with field, value and what was expected. */
  readonly problems: readonly string[];
}

/** Something was done, and is on disk, or was not. */
export type Done = { readonly ok: true } | Refusal;

/** What one change of cfg does, or would do. */
export interface NodeChange {
  readonly id: string;
  readonly name: string;
  readonly created: boolean;
  readonly differences: readonly Difference[];
  /** The way to the new cfg from here; `ok: false` says why there is none. */
  readonly plan: Plan;
  /** After the change. */
  readonly version: Version;
  /** What was accepted, but does not do what it looks like, in words: a rule that is about no node. Absent without any. */
  readonly warnings?: readonly string[];
}

/** A limit or an invariant with a bound, of which a step of a plan needs a place. */
export interface Queued {
  /** The place of the step in the plan. */
  readonly step: number;
  readonly kind: "limit" | "away" | "transition";
  readonly rule: string;
  /** The value of `by`; empty without one. */
  readonly group: string;
  readonly by?: string;
  readonly atMost?: number;
  readonly perSecond?: number;
  /** How many others have a place or wait for one. */
  readonly taken: number;
  /** Milliseconds that a place is expected to be kept; Infinity where the plan does not end in giving it back. */
  readonly keeps: number;
}

/** What stands in the way of a change's plan, beside the plan itself. */
export interface Prospect {
  /** Somebody else has the node. */
  readonly busy: boolean;
  readonly frozen: boolean;
  /** Why what the plan needs has been given up, where it has. */
  readonly held?: string;
  /** An invariant that says no to a step, as things are. */
  readonly refused?: Refused;
  /** Limits and invariants of which the plan needs places, whether there are free ones or not. */
  readonly queued: readonly Queued[];
  /** Whether the plan cuts a machine's power, or takes a node out of SYNC. */
  readonly disruptive: boolean;
}

/** A goal that a node is not at. */
export interface OpenGoal {
  readonly url: string;
  readonly value: Value;
  /** What is seen; absent where nothing is known. */
  readonly now?: Value;
}

/** What a node's own agent has given up on; since when, in clock milliseconds, it is known to have. */
export interface AgentStuck extends Omit<Stuck, "target"> {
  /** Absent: since before this aggregator started. */
  readonly since?: number;
}

/** What one step of a node's plan waits for, its own agent's troubles included. */
export type NodeStepState = StepState | { readonly kind: "agent-held" } & AgentStuck;

/** What is done with a node, and why nothing is where nothing is. */
export interface NodeExplanation extends Omit<Explanation, "steps"> {
  readonly steps: readonly { readonly step: Step; readonly state: NodeStepState }[];
  /** What it is on its way to; goals that give way to others are left out. */
  readonly goals: readonly OpenGoal[];
  readonly agent?: AgentStuck;
}

/** What HTTP (and anything else that people steer with) may ask of an aggregator. Writes return once they are on disk. */
export interface Control {
  readonly cluster: string;
  /** Name of this aggregator's own node. */
  readonly name: string;
  readonly schema: Schema;
  /**
   * Who has to be asked instead: about one node that another aggregator serves, by its id, or, without an id, for changes of
   * cfg, which the root alone takes. Undefined: this program.
   */
  elsewhere(id?: string): Elsewhere | undefined;
  /** This aggregator and those below it, each after its parent. */
  tree(): readonly TreeEntry[];
  /** Grows with every change of any node: serves as ETag of lists. */
  revision(): string;
  /** Nodes in the order of their names, numbers by value. */
  list(): readonly NodeSummary[];
  /** By id or name. */
  find(idOrName: string): NodeDetail | undefined;
  /** What the nodes have in their cfg for one variable, deleted nodes left out. */
  cfgValues(url: string): Iterable<Value>;
  /**
   * Sets values of some nodes' cfg (null unsets), all or none.
   *
   * @param ifMatch The version that the cfg must still have; a single node only.
   */
  patchCfg(
    nodes: readonly { readonly id: string; readonly values: ReadonlyMap<string, Value | null> }[],
    options: { readonly ifMatch?: Version; readonly dryRun?: boolean },
  ): { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;
  /** Makes nodes of an inventory have exactly the cfg that is given, creating those that are not there; all or none. */
  apply(
    nodes: readonly InventoryNode[],
    options: { readonly dryRun?: boolean },
  ): { readonly ok: true; readonly changes: readonly NodeChange[] } | Refusal;
  /** Takes reported discovered values in, such as `/busy` from a scheduler. */
  report(id: string, values: ReadonlyMap<string, Value | null>): Done;
  /** The plan for a node's own cfg, by id. */
  plan(id: string): Plan | undefined;
  /** Everything (no ids) or some nodes; survives a restart. */
  freeze(ids?: readonly string[]): Done;
  thaw(ids?: readonly string[]): Done;
  /** Forgets failures, so that what is held is tried again. */
  retry(ids: readonly string[]): Done;
  /**
   * Deletes nodes: what runs for them is aborted, their links are dropped, their machines are left as they are. Nodes of the
   * same names may be made again. All or none.
   */
  remove(ids: readonly string[]): Done;
  /**
   * Every step that is left for a node, by id, and what it waits for.
   *
   * @param cfg Another cfg than it has, to ask what would be done about that. Nothing is changed.
   */
  explain(id: string, cfg?: ReadonlyMap<string, Value>): NodeExplanation | undefined;
  /** What the mutation of a node's step does, in the words of its declaration; empty where it has none. */
  about(id: string, step: Step): string;
  /** What stands in the way of a change, and whether it disturbs who uses the node. */
  prospect(change: NodeChange): Prospect;
  /** The states around a node, by id. */
  graph(id: string, maxStates: number): StateGraph | undefined;
  /** Limits, and who waits at them. */
  limits(): readonly LimitStatus[];
  /** Invariants with a bound, and who waits for them. */
  invariants(): readonly InvariantStatus[];
  /** What is held for the whole fleet, as it failed on many nodes in a row. */
  holds(): readonly FleetHold[];
  /** Lets everything that is held for the whole fleet be tried again. */
  release(): Done;
  /** What keeps this program from doing its work, in words with what to do: a store that fails. Usually nothing. */
  troubles(): readonly string[];
  engine(): {
    readonly frozen: boolean;
    readonly counts: EngineCounts;
    readonly nodes: number;
    readonly converged: number;
  };
  /** Events after an id, oldest first, at most `limit`. */
  events(after: number, limit: number): readonly LoggedEvent[];
  /**
   * Calls back with each new event, once `events` has it. Returns a function that ends it.
   *
   * @throws {RangeError} When too many listen already.
   */
  onEvent(listener: (event: LoggedEvent) => void): () => void;
}
