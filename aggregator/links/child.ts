import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import type { Certified, Given, OwnRun } from "../../src/evidence/mod.ts";
import { type Assignment, compareTerms, type Term } from "../../src/state/mod.ts";
import {
  type BirthFrame,
  createNodeChildScope,
  createParentLink,
  type DownFrame,
  type LinkState,
  type ParentLink,
  type ParentScope,
  type Replica,
  type Session,
} from "../../src/sync/mod.ts";
import type { Placement } from "../tree/placement.ts";
import { createSubtreeScope, type SubtreeScope } from "../tree/subtree_scope.ts";
import type { ChildTerms } from "./child_terms.ts";
import type { KnownModules } from "./known_modules.ts";
import type { PendingTransfers } from "./pending_transfers.ts";
import type { RunBudget } from "./run_budget.ts";

/** How long changes of cfg are gathered for one frame down to another aggregator, in milliseconds: people wait for them. */
const DOWN_BATCH_MS = 20;

/** A child: the link to it, and what belongs on it. */
export interface Child {
  readonly link: ParentLink;
  readonly scope: ParentScope | SubtreeScope;
}

/** What a link to a child needs of an aggregator. */
export interface ChildParts {
  readonly run: string;
  readonly modules: readonly ModuleDeclaration[];
  readonly replica: Replica;
  readonly placement: Placement;
  readonly transfers: PendingTransfers;
  /** How far an earlier run of this program had got with each child. */
  readonly sessions: ReadonlyMap<string, Session>;
  readonly terms: ChildTerms;
  readonly runBudget: Pick<RunBudget, "spend">;
  readonly known: KnownModules;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Counts the epochs of all links. */
  nextEpoch(): number;
  /** How often children are to show that they are there, in seconds. */
  keepalive(): number;
  /** What a child is given with a welcome. @param own What a child that is an aggregator shows of itself. */
  give(child: string, term: Term, own: OwnRun | undefined): { readonly given: Given; readonly certified?: Certified };
  send(child: string, frame: DownFrame): void;
  onState(child: string, state: LinkState, sameRun: boolean, why: string): void;
  onBorn(child: string, frame: BirthFrame, hasParent: boolean): void;
  onModules(child: string, modules: readonly ModuleDeclaration[]): void;
  /** A child has been told that these nodes are not below it any more. */
  onTold(child: string, ids: Iterable<string>): void;
  /** Where a node joins that is asked for, if that is known. */
  whereIs(node: string): Assignment | undefined;
}

/** Makes the link to one child: of an agent it carries one node, of an aggregator what is below it. */
export function makeChild(parts: ChildParts, child: string): Child {
  const { replica, placement, transfers, sessions, terms, known } = parts;
  const isAggregator = placement.isAggregator(child);
  const scope = isAggregator
    ? createSubtreeScope(
      { replica, placement, mayGoOn: parts.runBudget.spend, child, isPending: transfers.fromBefore(child) },
      {
        onTold: (ids) => parts.onTold(child, ids),
        onSettled: () => transfers.set(child, false),
      },
    )
    : forAgent(createNodeChildScope(replica, child));
  const resume = sessions.get(child);
  const link = createParentLink({
    child,
    scope,
    replica,
    ...(isAggregator && { batch: DOWN_BATCH_MS }),
    ...(resume !== undefined && compareTerms(resume.term, terms.of(child)) === 0 && { resume }),
    run: parts.run,
    modules: parts.modules,
    modulesOf: known.of,
    mayAsk: known.mayAsk,
    nextTerm: (birth) => terms.next(child, birth),
    give: (term, own) => parts.give(child, term, isAggregator ? own : undefined),
    nextEpoch: parts.nextEpoch,
    keepalive: parts.keepalive,
    clock: parts.clock,
    random: parts.random,
    log: parts.log,
    send: (frame) => parts.send(child, frame),
    onState(state, why) {
      parts.onState(child, state, terms.isSameRun(child) ?? true, why);
    },
    onWhere: (node) => parts.whereIs(node),
    onBorn: (frame, hasParent) => parts.onBorn(child, frame, hasParent),
    onModules(modules) {
      known.learn(modules);
      parts.onModules(child, modules);
    },
  });
  return { link, scope };
}

/** What an aggregator notes for itself is nothing to its agents. */
function forAgent(scope: ParentScope): ParentScope {
  return {
    ...scope,
    wanted: (change, session) => !change.url.startsWith("/engine/") && scope.wanted(change, session),
  };
}
