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
import type { KnownModule } from "./modules.ts";
import type { ServiceOutputs } from "./service_output.ts";
import type { NodeExplanation } from "./node_explanation.ts";
import { type Done } from "../../src/toolkit/mod.ts";

/** The operations of an aggregator for HTTP and other user interfaces. Writes return once they are on disk. */
export interface Control {
  readonly cluster: string;
  /** Name of this aggregator's own node. */
  readonly name: string;
  readonly schema: Schema;
  /**
   * Returns which program must be asked instead: for one node that another aggregator serves, by its id; without an id,
   * for changes of cfg, which only the root accepts. Undefined: this program.
   */
  elsewhere(id?: string): Elsewhere | undefined;
  /** Lists this aggregator and those below it, each after its parent. */
  tree(): readonly TreeEntry[];
  /** Changes with every change of any node: the ETag of lists. */
  revision(): string;
  /** Lists nodes in natural order of their names. */
  list(): readonly NodeSummary[];
  /** Finds a node by id or name. */
  find(idOrName: string): NodeDetail | undefined;
  /** Lists the values of one cfg variable of all nodes, without deleted nodes. */
  cfgValues(url: string): Iterable<Value>;
  /** Returns the addresses that a node of this parent cannot have: see `OwnAddresses`. */
  readonly takenFor: CfgWriter["takenFor"];
  /** See {@link CfgWriter}. */
  readonly patchCfg: CfgWriter["patch"];
  readonly apply: CfgWriter["apply"];
  /** See `tagOf` of {@link CfgWriter}. */
  readonly cfgTag: CfgWriter["tagOf"];
  /** Records reported values, such as `/busy` from a scheduler. */
  report(id: string, values: ReadonlyMap<string, Value | null>): Done;
  /** Returns why Kraken leaves a node alone whatever its plan is; undefined if it does not, and for aggregators. */
  idleReason(id: string): string | undefined;
  /** Cfg that nodes have in common. A change of it is a change of every node that it touches. */
  readonly profiles: ProfileRegistry;
  /** Nodes that people speak of together. */
  readonly groups: GroupRegistry;
  /** Cfg that waits until it disturbs nobody. */
  readonly staging: Staging;
  /** Whether some mutation changes the variable behind a URL. */
  isMutable(url: string): boolean;
  /** The modules of this aggregator and of its agents, by name. */
  modules(): readonly KnownModule[];
  /** What programs of nodes that are served here have printed. */
  readonly outputs: ServiceOutputs;
  /** Waits until no plan is being searched for: see the reason `searching`. Never rejects. */
  searched(): Promise<void>;
  /** Freezes everything (no ids) or some nodes; survives a restart. */
  freeze(ids?: readonly string[]): Done;
  thaw(ids?: readonly string[]): Done;
  /** Clears failures, so that held mutations are tried again. */
  retry(ids: readonly string[]): Done;
  /**
   * Deletes nodes: their executions are aborted, their links are dropped, their machines are not touched. Nodes of the
   * same names may be created again. All or none.
   */
  remove(ids: readonly string[]): Done;
  /** Explains the plan of a node, by id: every remaining step, and what it waits for. */
  explain(id: string): NodeExplanation | undefined;
  /** Explains what a change would do. Nothing is changed. */
  explainChange(change: NodeChange): NodeExplanation;
  /** Returns what the mutation of a node's step does, in the words of its declaration; empty if it has none. */
  about(id: string, step: Step): string;
  /** Returns what blocks a change, and whether it disturbs users of the node. */
  impact(change: NodeChange): Impact;
  /** Returns the states around a node, by id. */
  graph(id: string, maxStates: number): StateGraph | undefined;
  /** Lists limits, with the nodes that wait at them. */
  limits(): readonly LimitStatus[];
  /** Lists invariants with a bound, with the nodes that wait for them. */
  invariants(): readonly InvariantStatus[];
  /** Lists the fleet-wide holds. */
  holds(): readonly FleetHold[];
  /** Ends all fleet-wide holds. */
  release(): Done;
  /** Lists problems that keep this program from its work, with what to do. Usually empty. */
  troubles(): readonly string[];
  /** What a person should look at although this program can do its work, in words with what to do. Usually nothing. */
  warnings(): readonly string[];
  engine(): {
    readonly frozen: boolean;
    readonly counts: EngineCounts;
    readonly nodes: number;
    readonly converged: number;
  };
  /** Lists events after an id, oldest first, at most `limit`. @param nodes Only events of nodes with these names. */
  events(after: number, limit: number, nodes?: ReadonlySet<string>): readonly LoggedEvent[];
  /** Returns the id up to which events are no longer kept; 0 if all are. */
  droppedEvents(): number;
  /** Records a change whose client is gone before the answer. */
  unanswered(what: string): void;
  /**
   * Calls back with each new event, once `events` has it. Returns a function that ends it.
   *
   * @throws {RangeError} If there are too many listeners already.
   */
  onEvent(listener: (event: LoggedEvent) => void): () => void;
}
