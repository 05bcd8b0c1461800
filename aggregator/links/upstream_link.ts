import type { Clock, Random } from "../../src/clock.ts";
import type { Log } from "../../src/log.ts";
import type { ModuleDeclaration } from "../../src/plan/mod.ts";
import {
  type Assignment,
  assignmentIn,
  assignmentNumber,
  compareTerms,
  laterTerm,
  newestVersion,
  NO_TERM,
  readAssignment,
  termOf,
} from "../../src/state/mod.ts";
import type { Certified, Given, OwnRun } from "../../src/evidence/mod.ts";
import {
  type ChildLink,
  createChildLink,
  type DownFrame,
  type LifeFrame,
  type LinkState,
  type Replica,
  type UpFrame,
} from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Placement } from "../tree/placement.ts";
import { createUpScope } from "../tree/subtree_scope.ts";
import type { WriterTerm } from "../store/writer_term.ts";
import type { OwnTerm } from "./own_term.ts";

/** How long changes of many nodes are gathered for one frame up, in milliseconds, while they come without a pause. */
const BATCH_MS = 150;
/** What follows changes here. */
const UPLINK = "link to the parent";

/** How an aggregator below the root reaches its parent. */
export interface Upstream {
  /** Sends a frame to the parent; what is lost is sent again. */
  send(frame: UpFrame): void;
  /** The root, or the parent, says where to join. */
  onAssignment(assignment: Assignment): void;
  /** How far the link is. */
  onLink(state: LinkState): void;
  /** The parent wants signs of life this often, in seconds. */
  onKeepalive(seconds: number): void;
  /** Another run of this aggregator has taken its place: it must end. */
  onDeposed(): void;
}

/** What the link to the parent depends on. */
export interface UpstreamLinkParts {
  readonly ownId: string;
  readonly run: string;
  readonly upstream: Upstream;
  readonly replica: Replica;
  readonly placement: Placement;
  readonly term: WriterTerm;
  /** Is kept up to date here. */
  readonly ownTerm: OwnTerm;
  readonly changes: Changes;
  /** Advances the run to at least this one, at once or when the store takes it. */
  advanceTo(run: number): void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What an earlier run was given with its last welcome. */
  readonly given: Given | undefined;
  /** What it shows of itself. */
  own(): OwnRun;
  /** What it is given, for its disk. */
  onGiven(given: Given, certified: Certified | undefined): void;
  /** Whether everything below is known. `complete` is called when the parent has sent all of it. */
  readonly standing: { readonly isComplete: boolean; complete(): void };
  modules(): readonly ModuleDeclaration[];
  /** Values that an earlier aggregator of a child left have come. */
  onLeft(id: string): void;
  /** Values have come of a node that another aggregator serves. */
  onPassing(id: string): void;
  /** The parent says where a node joins that it was asked for. */
  onThere(node: string, assignment: Assignment): void;
}

/** The link to the parent of an aggregator that is not the root. */
export interface UpstreamLink {
  readonly state: LinkState;
  readonly link: ChildLink;
  connected(): void;
  disconnected(): void;
  receive(frame: DownFrame): void;
  parentLife(frame: LifeFrame): void;
  stop(): void;
}

/** Creates the link to the parent. An aggregator with a disk continues with what is there, whether or not its parent is reachable. */
export function createUpstreamLink(parts: UpstreamLinkParts): UpstreamLink {
  const { ownId, replica, placement, upstream, changes, ownTerm, standing } = parts;
  const wrote = termOf(newestVersion(replica.get(ownId)?.facets.self ?? new Map()));
  const isNew = compareTerms(wrote, NO_TERM) === 0;
  /** One that was never welcomed remembers nothing, and says so by having no term. A run that it cannot show counts for nothing. */
  const term = isNew || parts.own().chain.length === 0
    ? NO_TERM
    : { assignment: assignmentNumber(replica.get(ownId)?.facets.cfg), run: parts.term.run };
  let declared = parts.modules();
  ownTerm.set(laterTerm(term, wrote));

  const link: ChildLink = createChildLink({
    id: ownId,
    run: parts.run,
    modules: parts.modules,
    replica,
    scope: createUpScope({
      ...{ replica, placement, ownId },
      ...{ onLeft: parts.onLeft, onPassing: parts.onPassing },
      onStray: (id) => changes.post({ kind: "StrayHeard", id }),
    }),
    // A term alone says little: it comes with the welcome, before anything else has.
    isBlank: () => !standing.isComplete,
    term: ownTerm.value,
    batch: BATCH_MS,
    ...(parts.given !== undefined && { given: parts.given }),
    own: parts.own,
    onGiven: parts.onGiven,
    clock: parts.clock,
    random: parts.random,
    log: parts.log,
    send: upstream.send,
    onState(state, why) {
      parts.log.info("Link to the parent", { state, why });
      upstream.onLink(state);
      changes.post({ kind: "UplinkChanged", state });
    },
    onWelcome(handed, _modules, keepalive) {
      ownTerm.set(handed);
      parts.advanceTo(handed.run);
      upstream.onKeepalive(keepalive);
    },
    onSnapshot(mentioned) {
      const ids = [...replica.ids()].filter((id) => id !== ownId && !mentioned.has(id));
      changes.post({ kind: "ParentSilentOn", ids });
      standing.complete();
    },
    onCaughtUp: () => changes.post({ kind: "CaughtUp" }),
    onMoved: upstream.onAssignment,
    // Only what an assignment is of: the frame has more.
    onThere: (node, frame) => {
      const assignment = readAssignment(frame);
      if (assignment !== undefined) parts.onThere(node, assignment);
    },
    onDeposed: upstream.onDeposed,
  });

  function assignment(): Assignment | undefined {
    return assignmentIn(replica.get(ownId)?.facets.cfg);
  }

  // What the root said last holds, not the setting with which this program is started.
  const stored = assignment();
  if (stored !== undefined) upstream.onAssignment(stored);

  changes.on("links", UPLINK, ["CfgChanged", "Discovered", "StatusPublished"], link.changed);
  changes.on("links", UPLINK, ["PlaceAsked"], ({ node }) => link.ask(node));
  changes.on("links", UPLINK, ["ChildDeclared"], () => {
    const before = declared;
    declared = parts.modules();
    if (declared !== before) link.redeclare();
  });
  changes.on("links", UPLINK, ["AssignmentChanged"], ({ id }) => {
    const assigned = id === ownId ? assignment() : undefined;
    if (assigned !== undefined) changes.post({ kind: "ParentAssigned", assignment: assigned });
  });
  // Once what brought it is acknowledged.
  changes.on("publish", UPLINK, ["ParentAssigned"], (event) => upstream.onAssignment(event.assignment));

  return {
    get state() {
      return link.state;
    },
    link,
    connected: () => changes.turn(link.connected),
    disconnected: () => changes.turn(link.disconnected),
    receive: (frame) => changes.turn(() => link.receive(frame)),
    parentLife: (frame) => changes.turn(() => link.parentLife(frame)),
    stop: link.stop,
  };
}
