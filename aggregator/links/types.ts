import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import type { Assignment, FacetName, Term } from "../../src/state/mod.ts";
import type { BirthFrame, DownFrame, LifeFrame, LinkState, Replica, Session, UpFrame } from "../../src/sync/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Store } from "../store/mod.ts";
import type { ChildrenCounts } from "./counts.ts";
import type { Owing } from "./owing.ts";

/** What the links to all children need. */
export interface ChildrenParts {
  readonly run: string;
  readonly modules: readonly ModuleDeclaration[];
  /** What agents are taken to declare before they have told. */
  readonly agentModules: readonly ModuleDeclaration[];
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly store: Store;
  readonly owing: Owing;
  /** The last term that was handed to each child. */
  readonly terms: ReadonlyMap<string, Term>;
  /** How far an earlier run of this program had got with each child. */
  readonly sessions: ReadonlyMap<string, Session>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(child: string, frame: DownFrame): void;
  /** `sameRun`: the agent that joins is the one that was given the last term before. */
  onState(child: string, state: LinkState, sameRun: boolean, why: string): void;
  /** A node was heard, here or below, whose place is not known: asks the parent. */
  ask(node: string): void;
  /** A child was heard that has to wait for its turn. */
  onHeard(child: string): void;
  /**
   * A child says that it is at another aggregator, under this assignment.
   *
   * @returns Whether that is known from now on, also after a restart.
   */
  onLeft(child: string, number: number): boolean;
  /** `hasParent`: the child has the `parent` facet of its node as it is here. */
  onBorn(child: string, frame: BirthFrame, hasParent: boolean): void;
  onModules(child: string, modules: readonly ModuleDeclaration[]): void;
  /** A run of a child lives, though another one has taken its place: there are two agents with one identity. */
  onRival(child: string, old: string, newest: string): void;
  /** Whether silence says nothing of a child now, as the broker is lost. */
  isDeaf(): boolean;
  /** A node that is not known here at all says that this aggregator has welcomed it before. */
  onUnknown(child: string): void;
  /** Every child that had to know has been told that a node is not below it any more. */
  onGone(id: string): void;
}

/** The links to all children. */
export interface Children {
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** The parent says where a node joins that it was asked for. */
  told(node: string, assignment: Assignment): void;
  /** For how long nothing was heard of a node that is no child, in milliseconds. */
  silence(node: string): number;
  /** The last term that was handed to a child; `NO_TERM` for none. */
  termOf(child: string): Term;
  /** A facet of a document has changed. */
  changed(id: string, facet: FacetName, urls: readonly string[]): void;
  /** Asks every child to be born again: this program has started, and knows of no link. */
  callAll(): void;
  /**
   * Something says that a child's machine has begun to boot. A child that gives a sign of life within some seconds is left alone,
   * and `onAnswer` called; one that does not is taken for lost.
   */
  probe(child: string, onAnswer: () => void): void;
  /** The machine was powered off: whatever still arrives of its agent is late, and its next agent is a new one. */
  poweredOff(child: string): void;
  /** A node is no child any more: it is told where to go, and whatever else arrives of it is dropped. */
  remove(child: string): void;
  /** What was below a child is forgotten here without a word of where it is now: the child has to forget it too. */
  refresh(child: string): void;
  /** A node is not below a child any more. */
  left(child: string, id: string): void;
  /** A child has to get everything that is known of a node: see {@link Owing}. */
  arrived(child: string, id: string): void;
  /** Whether a child has still to be told that a node has left. */
  isLeaving(id: string): boolean;
  /** Sends every child to its standby: this aggregator may have been replaced. */
  handOver(): void;
  /** How far this run has got with a child. */
  session(child: string): Session | undefined;
  readonly counts: ChildrenCounts;
  stop(): void;
}
