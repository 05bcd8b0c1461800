import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import {
  type Assignment,
  assignmentIn,
  assignmentNumber,
  assignmentOf,
  type FacetName,
  makeTerm,
  MAX_RUN,
  newestVersion,
  runOf,
} from "../../src/state/mod.ts";
import {
  type BirthFrame,
  createNodeChildScope,
  createParentLink,
  DEFAULT_KEEPALIVE,
  type DownFrame,
  type LifeFrame,
  type LinkState,
  type ParentLink,
  type ParentScope,
  type Replica,
  type Session,
  type UpFrame,
} from "../../src/sync/mod.ts";
import { type Born, createAdmission } from "./admission.ts";
import { createKnownModules } from "./known_modules.ts";
import { createMovedNotices } from "./moved.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Owing } from "./owing.ts";
import type { Store } from "../store/mod.ts";
import { createWhereabouts } from "../tree/whereabouts.ts";
import { createSubtreeScope, type SubtreeScope } from "../tree/subtree_scope.ts";

/** So many children show that they are there in a second; the intervals are as long as that takes. */
const SIGNS_PER_SECOND = 100;
/** How many runs a child may have had elsewhere, of which nothing is known here: one that claims more is wrong. */
const MAX_LOST_RUNS = 100_000;
/** How long changes of cfg are gathered for one frame down to another aggregator, in milliseconds: people wait for them. */
const DOWN_BATCH_MS = 20;
/** How often it is looked at whether children have gone silent, in milliseconds. */
const LOOK_MS = 10_000;
/** The longest interval between signs of life, in seconds. */
const MAX_KEEPALIVE = 60;

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
  readonly terms: ReadonlyMap<string, number>;
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
  onBorn(child: string, frame: BirthFrame): void;
  onModules(child: string, modules: readonly ModuleDeclaration[]): void;
  /** Every child that had to know has been told that a node is not below it any more. */
  onGone(id: string): void;
}

/** What waits in the links to all children, and what they have counted. */
export interface ChildrenCounts {
  readonly links: { readonly [state in LinkState]: number };
  /** Births that wait for their turn. */
  readonly births: number;
  /** Links with a window that is not acknowledged. */
  readonly windows: number;
  readonly retransmits: number;
  readonly droppedFrames: number;
  readonly droppedValues: number;
}

/** The links to all children. */
export interface Children {
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** The parent says where a node joins that it was asked for. */
  told(node: string, assignment: Assignment): void;
  /** For how long nothing was heard of a node that is no child, in milliseconds. */
  silence(node: string): number;
  /** The last term that was handed to a child; 0 for none. */
  termOf(child: string): number;
  /** A facet of a document has changed. */
  changed(id: string, facet: FacetName, urls: readonly string[]): void;
  /** Asks every child to be born again: this program has started, and knows of no link. */
  callAll(): void;
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

interface Child {
  readonly link: ParentLink;
  readonly scope: ParentScope | SubtreeScope;
}

/** Keeps one link for each child. Frames of nodes that are not this aggregator's children are dropped. */
export function createChildren(parts: ChildrenParts): Children {
  const { nodes, replica, clock } = parts;
  const { placement } = nodes;
  const links = new Map<string, Child>();
  /** What links that are gone have counted. */
  const past = { retransmits: 0, droppedFrames: 0, droppedValues: 0 };
  const terms = new Map(parts.terms);
  const sameRun = new Map<string, boolean>();
  const known = createKnownModules(clock, [parts.agentModules, parts.modules]);
  /** Terms that are on disk for births that are being taken in. */
  const prepared = new Map<string, { readonly childTerm: number; readonly term: number }>();
  /** The child whose frame is being taken in. */
  let speaking: string | undefined;
  /** The children that have still to be told that a node has left, by node. */
  const leaving = new Map<string, Set<string>>();
  const admission = createAdmission({ clock, admit });
  const whereabouts = createWhereabouts({ replica, clock, ask: parts.ask });
  const moved = createMovedNotices({ clock, run: parts.run, send: parts.send });

  let cancelLook = clock.after(LOOK_MS, look);
  /** Brokers tell of children that are lost, but not where the broker is lost with them. */
  function look(): void {
    cancelLook = clock.after(LOOK_MS, look);
    for (const { link } of [...links.values()]) link.checkSilence();
  }

  function assignmentOfNode(child: string): number {
    return assignmentNumber(replica.get(child)?.facets.cfg);
  }

  /** Above every run that is known of: the child's own, the last one that was handed out, the one that wrote what is here. */
  function followingTerm(child: string, childTerm: number): number | undefined {
    const assignment = assignmentOfNode(child);
    if (assignmentOf(childTerm) > assignment) {
      parts.log.debug("Waits for the cfg that brought a child here", { child, term: childTerm });
      return undefined;
    }
    const wrote = newestVersion(replica.get(child)?.facets.self ?? new Map())[0];
    const known = Math.max(runOf(terms.get(child) ?? 0), runOf(wrote));
    if (runOf(childTerm) > known + MAX_LOST_RUNS || known >= MAX_RUN) {
      parts.log.warn("Refused a birth as its term can't be", { child, term: childTerm });
      return undefined;
    }
    return makeTerm(assignment, Math.max(known, runOf(childTerm)) + 1);
  }
  function nextTerm(child: string, childTerm: number): number | undefined {
    const ready = prepared.get(child);
    const term = ready?.childTerm === childTerm ? ready.term : followingTerm(child, childTerm);
    if (term === undefined) return undefined;
    if (term !== ready?.term) parts.store.commit({ terms: new Map([[child, term]]) });
    const before = terms.get(child) ?? 0;
    terms.set(child, term);
    sameRun.set(child, childTerm > 0 && runOf(childTerm) === runOf(before));
    return term;
  }

  /** Takes births in, with the terms of all of them on disk before the first: to write one by one takes far longer. */
  function admit(births: readonly Born[]): void {
    for (const [child, frame] of births) {
      const session = linkOf(child)?.link.session;
      if (session?.run === frame.from && frame.term <= session.term) continue;
      const term = followingTerm(child, frame.term);
      if (term !== undefined) prepared.set(child, { childTerm: frame.term, term });
    }
    try {
      const handed = new Map([...prepared].map(([child, { term }]) => [child, term]));
      if (handed.size > 0) parts.store.commit({ terms: handed });
    } catch {
      prepared.clear(); // each by itself says what is wrong
    }
    for (const [child, frame] of births) {
      try {
        hear(child, frame);
      } catch (error) {
        // It is born again, as it hears nothing; the others are to be heard now.
        parts.log.error("Cannot take a child in", { child, problem: String(error) });
      }
    }
    prepared.clear();
  }

  function hear(child: string, frame: UpFrame): void {
    speaking = child;
    try {
      linkOf(child)?.link.receive(frame);
    } finally {
      speaking = undefined;
    }
  }

  /** Whether some of these values are of a writer that has a successor. */
  function isLeftOver(id: string, facet: FacetName, urls: readonly string[]): boolean {
    const document = replica.get(id);
    const least = placement.via(id) === id ? terms.get(id) ?? 0 : makeTerm(assignmentOfNode(id), 0);
    return urls.some((url) => (document?.facets[facet].get(url)?.version[0] ?? least) < least);
  }

  function keepalive(): number {
    return Math.min(MAX_KEEPALIVE, Math.max(DEFAULT_KEEPALIVE, Math.ceil(links.size / SIGNS_PER_SECOND)));
  }

  function told(child: string, ids: Iterable<string>): void {
    for (const id of ids) {
      const children = leaving.get(id);
      children?.delete(child);
      if (children?.size !== 0) continue;
      leaving.delete(id);
      parts.onGone(id);
    }
  }

  function make(child: string): Child {
    const isAggregator = placement.isAggregator(child);
    const scope = isAggregator
      ? createSubtreeScope({ replica, placement, child, owed: parts.owing.fromBefore(child) }, {
        onTold: (ids) => told(child, ids),
        onSettled: () => parts.owing.set(child, false),
      })
      : forAgent(createNodeChildScope(replica, child));
    const resume = parts.sessions.get(child);
    const link = createParentLink({
      child,
      scope,
      replica,
      ...(isAggregator && { batch: DOWN_BATCH_MS }),
      ...(resume !== undefined && resume.term === terms.get(child) && { resume }),
      run: parts.run,
      modules: parts.modules,
      modulesOf: known.of,
      mayAsk: known.mayAsk,
      nextTerm: (childTerm) => nextTerm(child, childTerm),
      keepalive,
      clock,
      random: parts.random,
      log: parts.log,
      send: (frame) => parts.send(child, frame),
      onState(state, why) {
        parts.onState(child, state, sameRun.get(child) ?? true, why);
      },
      onWhere: (node) => whereabouts.of(node),
      onBorn: (frame) => parts.onBorn(child, frame),
      onModules(modules) {
        known.learn(modules);
        parts.onModules(child, modules);
      },
    });
    return { link, scope };
  }
  function linkOf(child: string): Child | undefined {
    const there = links.get(child);
    if (there !== undefined || placement.via(child) !== child) return there;
    const made = make(child);
    links.set(child, made);
    return made;
  }
  function subtreeOf(child: string): SubtreeScope | undefined {
    const scope = linkOf(child)?.scope;
    return scope !== undefined && "leaving" in scope ? scope : undefined;
  }
  /** Forgets a link. What it has counted stays counted: counters only grow. */
  function drop(child: string): void {
    const counts = links.get(child)?.link.counts;
    links.delete(child);
    if (counts === undefined) return;
    past.retransmits += counts.retransmits;
    past.droppedFrames += counts.droppedFrames;
    past.droppedValues += counts.droppedValues;
  }
  /** Where a node that is no child joins, if that is known. */
  function redirect(child: string): void {
    moved.heard(child, whereabouts.of(child));
  }

  return {
    receive(child, frame) {
      const link = linkOf(child)?.link;
      if (link === undefined) return redirect(child);
      if (frame.type !== "birth") return hear(child, frame);
      parts.onHeard(child);
      admission.born(child, frame);
    },
    life(child, frame) {
      const link = linkOf(child)?.link;
      if (link !== undefined) link.life(frame);
      else if (frame.type === "alive") redirect(child);
      else moved.gone(child);
    },
    told: whereabouts.learn,
    silence: moved.silence,
    termOf: (child) => terms.get(child) ?? 0,
    changed(id, facet, urls) {
      const via = placement.via(id);
      if (via === undefined) return;
      // What a child has just brought is nothing to tell it, but for what it has to take over.
      const isItsOwn = facet === "self" || (facet === "parent" && id !== via);
      if (via === speaking && isItsOwn && !isLeftOver(id, facet, urls)) return;
      const there = links.get(via);
      there?.link.changed();
      if (facet === "cfg" && there !== undefined && "isDue" in there.scope && there.scope.isDue(id)) {
        there.link.askAgain();
      }
    },
    callAll() {
      for (const child of placement.direct()) linkOf(child)?.link.call();
    },
    poweredOff(child) {
      const link = links.get(child)?.link;
      if (link === undefined || link.state === "down") return;
      link.stop();
      drop(child);
      parts.onState(child, "down", false, "its machine was powered off");
    },
    remove(child) {
      const there = links.get(child);
      admission.remove(child);
      moved.left(child);
      const assignment = assignmentIn(replica.get(child)?.facets.cfg);
      if (there !== undefined && there.link.state !== "down" && assignment !== undefined) {
        moved.tell(child, assignment);
      } else there?.link.call(); // it asks again, and is sent on as soon as it is known where to
      there?.link.stop();
      drop(child);
      if (there !== undefined && "leaving" in there.scope) {
        parts.owing.set(child, false);
        told(child, there.scope.leaving());
      }
    },
    refresh: (child) => links.get(child)?.link.refresh(),
    left(child, id) {
      const scope = subtreeOf(child);
      if (scope === undefined) return;
      scope.left(id);
      const children = leaving.get(id);
      if (children === undefined) leaving.set(id, new Set([child]));
      else children.add(child);
      links.get(child)?.link.changed();
    },
    arrived(child, id) {
      const scope = subtreeOf(child);
      if (scope === undefined) return;
      scope.arrived(id);
      parts.owing.set(child, true);
    },
    isLeaving: (id) => leaving.has(id),
    handOver() {
      for (const child of placement.direct()) {
        const assignment = assignmentIn(replica.get(child)?.facets.cfg);
        if (assignment?.standby === undefined) continue;
        const { number, standby } = assignment;
        parts.send(child, { type: "moved", from: parts.run, number, ...standby });
      }
    },
    session: (child) => links.get(child)?.link.session,
    get counts() {
      const all = { down: 0, joining: 0, level: 0 };
      let { retransmits, droppedFrames, droppedValues } = past;
      let windows = 0;
      for (const { link } of links.values()) {
        all[link.state]++;
        const { counts } = link;
        if (counts.waiting) windows++;
        retransmits += counts.retransmits;
        droppedFrames += counts.droppedFrames;
        droppedValues += counts.droppedValues;
      }
      return { links: all, births: admission.waiting, windows, retransmits, droppedFrames, droppedValues };
    },
    stop() {
      cancelLook();
      admission.stop();
      moved.stop();
      for (const { link } of links.values()) link.stop();
      links.clear();
    },
  };
}

/** What an aggregator notes for itself is nothing to its agents. */
function forAgent(scope: ParentScope): ParentScope {
  return {
    ...scope,
    wanted: (change, session) => !change.url.startsWith("/engine/") && scope.wanted(change, session),
  };
}
