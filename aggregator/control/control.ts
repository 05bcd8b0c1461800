import type { EngineCounts, FleetHold, InvariantStatus, LimitStatus } from "../../src/engine/mod.ts";
import type { StateGraph, Step } from "../../src/plan/mod.ts";
import type { Schema, Value } from "../../src/state/mod.ts";
import type { NodeChange } from "../cfg/change.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { GroupRegistry } from "../groups/registry.ts";
import type { ProfileRegistry } from "../cfg/profile_registry.ts";
import type { Staging } from "../staging/staging.ts";
import type { Elsewhere, TreeEntry } from "../status/tree.ts";
import type { LoggedEvent } from "../store/mod.ts";
import type { NodeDetail, NodeSummary } from "./detail.ts";
import type { Impact } from "./impact.ts";
import type { ServiceOutputs } from "./service_output.ts";
import type { NodeExplanation } from "./node_explanation.ts";
import { type Done } from "../../src/toolkit/mod.ts";

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
  /** Addresses that a node of this parent can't have, as its aggregator has them: see `OwnAddresses`. */
  readonly takenFor: CfgWriter["takenFor"];
  /** See {@link CfgWriter}. */
  readonly patchCfg: CfgWriter["patch"];
  readonly apply: CfgWriter["apply"];
  /** See `tagOf` of {@link CfgWriter}. */
  readonly cfgTag: CfgWriter["tagOf"];
  /** Takes reported discovered values in, such as `/busy` from a scheduler. */
  report(id: string, values: ReadonlyMap<string, Value | null>): Done;
  /** Why nothing is done for a node whatever its plan says; undefined where something is, and for aggregators. */
  idleReason(id: string): string | undefined;
  /** Cfg that nodes have in common. A change of it is a change of every node that it touches. */
  readonly profiles: ProfileRegistry;
  /** Nodes that people speak of together. */
  readonly groups: GroupRegistry;
  /** Cfg that waits until it disturbs nobody. */
  readonly staging: Staging;
  /** What programs of nodes that are served here have printed. */
  readonly outputs: ServiceOutputs;
  /** Waits until no plan is being searched for: see the reason `searching`. Never rejects. */
  searched(): Promise<void>;
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
  /** Explains the plan of a node, by id: every step that is left, and what it waits for. */
  explain(id: string): NodeExplanation | undefined;
  /** Explains what would be done about a change. Nothing is changed. */
  explainChange(change: NodeChange): NodeExplanation;
  /** What the mutation of a node's step does, in the words of its declaration; empty where it has none. */
  about(id: string, step: Step): string;
  /** Tells what stands in the way of a change, and whether it disturbs who uses the node. */
  impact(change: NodeChange): Impact;
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
  /** Events after an id, oldest first, at most `limit`. @param nodes Only of nodes of these names; absent of all. */
  events(after: number, limit: number, nodes?: ReadonlySet<string>): readonly LoggedEvent[];
  /** No event up to this id is kept any more, as the log is full; 0 while all of them are. */
  droppedEvents(): number;
  /** A change was made whose answer nobody takes any more: notes it, with what was asked. */
  unanswered(what: string): void;
  /**
   * Calls back with each new event, once `events` has it. Returns a function that ends it.
   *
   * @throws {RangeError} When too many listen already.
   */
  onEvent(listener: (event: LoggedEvent) => void): () => void;
}
