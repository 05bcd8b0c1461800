import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import type { Certified, Given, OwnRun } from "../../src/evidence/mod.ts";
import type { Assignment, Term } from "../../src/state/mod.ts";
import type { BirthFrame, DownFrame, LifeFrame, LinkState, Replica, Session, UpFrame } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Commits } from "../dispatch/commits.ts";
import type { AssignmentClaim } from "../evidence/assignments.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { ChildTerms } from "./child_terms.ts";
import type { ChildrenCounts } from "./counts.ts";
import type { PendingTransfers } from "./pending_transfers.ts";
import type { RunBudget } from "./run_budget.ts";

/** What the links to all children need. */
export interface ChildrenParts {
  readonly run: string;
  readonly modules: readonly ModuleDeclaration[];
  /** What agents are taken to declare before they have told. */
  readonly agentModules: readonly ModuleDeclaration[];
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly changes: Changes;
  readonly commits: Pick<Commits, "broughtBy">;
  readonly transfers: PendingTransfers;
  readonly terms: ChildTerms;
  /** Runs of writers below children that nobody here has counted. */
  readonly runBudget: Pick<RunBudget, "spend">;
  /** How far an earlier run of this program had got with each child. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** What a child is given with a welcome. @param own What a child that is an aggregator shows of itself. */
  give(child: string, term: Term, own: OwnRun | undefined): { readonly given: Given; readonly certified?: Certified };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  send(child: string, frame: DownFrame): void;
  /** `sameRun`: the agent that joins is the one that was given the last term before. */
  onState(child: string, state: LinkState, sameRun: boolean, why: string): void;
  /** A child was heard that has to wait for its turn. */
  onHeard(child: string): void;
  /**
   * A child is at another aggregator, under this assignment, of which this one has not heard.
   *
   * @returns Whether that is known from now on, also after a restart.
   */
  onClaim(child: string, claim: AssignmentClaim): boolean;
  /** Something came of a node that is no child. @param to Where it joins, if that is known. */
  onStray(node: string, to: Assignment | undefined): void;
  /** The connection of a node that is no child has ended. */
  onGone(node: string): void;
  /** `hasParent`: the child has the `parent` facet of its node as it is here. */
  onBorn(child: string, frame: BirthFrame, hasParent: boolean): void;
  onModules(child: string, modules: readonly ModuleDeclaration[]): void;
  /** A run of a child lives, though another one has taken its place: there are two agents with one identity. */
  onRival(child: string, old: string, newest: string): void;
  /** Whether silence says nothing of a child now, as the broker is lost. */
  isDeaf(): boolean;
  /** A node that is not known here at all says that this aggregator has welcomed it before. */
  onUnknown(child: string): void;
}

/** The links to all children. */
export interface Children {
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** The parent says where a node joins that it was asked for. */
  told(node: string, assignment: Assignment): void;
  /** Asks every child to be born again: this program has started, and knows of no link. */
  callAll(): void;
  /**
   * Something says that a child's machine has begun to boot. A child that gives a sign of life within some seconds is left alone,
   * and `onAnswer` called; one that does not is taken for lost.
   */
  ping(child: string, onAnswer: () => void): void;
  /** A child has to get everything that is known of a node: see {@link PendingTransfers}. */
  arrived(child: string, id: string): void;
  /** Whether a child has still to be told that a node has left. */
  isDeparting(id: string): boolean;
  /** How far this run has got with a child. */
  session(child: string): Session | undefined;
  readonly counts: ChildrenCounts;
  stop(): void;
}
