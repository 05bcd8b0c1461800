import { createEngine } from "../src/engine/mod.ts";
import { compareTerms, FACET_NAMES, NO_TERM, nodeIdOf, type Term } from "../src/state/mod.ts";
import { createReplica } from "../src/sync/mod.ts";
import { type BrokerWatch, createBrokerWatch } from "./broker/watch.ts";
import { type CfgWriter, createCfgWriter } from "./cfg/writer.ts";
import { createAgentHolds } from "./engine/agent_holds.ts";
import { createFreezer } from "./engine/freezer.ts";
import { createHoldStore } from "./engine/hold_store.ts";
import { createEngineHost } from "./engine/host.ts";
import { hostModules } from "./engine/module_host.ts";
import { createPolicyTaker } from "./engine/policy.ts";
import { createRetries } from "./engine/retries.ts";
import type { FollowingParts } from "./following.ts";
import { createAdopting } from "./handover/adopting.ts";
import { createElsewhere } from "./handover/elsewhere.ts";
import { createFence } from "./handover/fence.ts";
import { createLettingGo, createReleases } from "./handover/letting_go.ts";
import { createMoves } from "./handover/moves.ts";
import { createStandbys } from "./handover/standby.ts";
import { createTakingOver } from "./handover/taking_over.ts";
import { createChildren } from "./links/children.ts";
import { createJoining, type Joining } from "./links/joining.ts";
import { createOlderDiskWatch } from "./links/older_disk.ts";
import { createOwing } from "./links/owing.ts";
import { withSafeAcks } from "./links/safe_acks.ts";
import { createDiscovered, type Discovered } from "./nodes/discovered.ts";
import { createDomains, type Domains } from "./nodes/domains.ts";
import { createNodes } from "./nodes/nodes.ts";
import { createRunStates } from "./nodes/run_state.ts";
import { createStatuses } from "./status/statuses.ts";
import { createTroubles, type Troubles } from "./status/troubles.ts";
import { createSubtreeReport } from "./status/subtree.ts";
import { createEvents, type Events } from "./store/events.ts";
import { type WatchedStore, watchStore } from "./store/mod.ts";
import { claimStore, makeOwnNode } from "./store/own_node.ts";
import { createPersistence, type Persistence } from "./store/persistence.ts";
import { takeWriterTerm } from "./store/writer_term.ts";
import type { AggregatorParts } from "./types.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;
/** The same for a node that was given to it: agents ask a standby and the lost one by turns, each for 20 to 30 s. */
const ADOPT_GRACE = 120_000;

/** The parts of an aggregator, tied together. */
export interface Assembly extends Omit<FollowingParts, "tellStandby"> {
  readonly isRoot: boolean;
  readonly store: WatchedStore;
  readonly events: Events;
  readonly persistence: Persistence;
  readonly domains: Domains;
  readonly discovered: Discovered;
  readonly cfg: CfgWriter;
  readonly broker: BrokerWatch;
  readonly troubles: Troubles;
}

/**
 * Makes the parts of an aggregator from what its store holds, and ties them together. Nothing has begun yet.
 *
 * @throws {Error} When the store belongs to another cluster or another aggregator, or can't be written.
 */
export function assemble(parts: AggregatorParts): Assembly {
  const { cluster, name, run, clock, random, log, way } = parts;
  const store = watchStore(parts.store, { clock, log });
  const broker = parts.broker ?? createBrokerWatch({ url: undefined, clock });
  const isRoot = way === undefined;
  const ownId = nodeIdOf(cluster, name);
  const stored = parts.stored ?? store.load();
  claimStore(store, stored, parts);
  const replica = createReplica(stored.documents.splice(0));
  const term = takeWriterTerm(store, stored, () => replica);
  if (isRoot) makeOwnNode(store, replica, ownId, name, term.run);

  const declarations = parts.modules.map(({ declaration }) => declaration);
  const domains = createDomains(declarations, parts.agentModules, log, aggregatorOf, {
    slices: { clock },
    unknownGoals: false,
  });
  const nodes = createNodes(replica, domains, name);
  const { placement } = nodes;
  const events = createEvents(clock, store, stored);
  const persistence = createPersistence({
    ...{ store, replica, events, clock },
    facets: isRoot ? ["parent", "self"] : FACET_NAMES,
    session(id) {
      const via = placement.via(id);
      const session = via === undefined ? undefined : children.session(via);
      return via === undefined || session === undefined ? undefined : [via, session];
    },
  });
  const troubles = createTroubles({
    ...{ store, broker, lost: parts.lost },
    hasNodes() {
      for (const id of replica.ids()) if (id !== ownId) return true;
      return false;
    },
    onLost(why) {
      log.error("The store may have been lost", { problem: why });
      events.add({ node: name, kind: "store", why });
    },
  });
  const ownTerm = (): Term => joining?.term ?? { assignment: 0, run: term.run };
  const discovered = createDiscovered({ replica, nodes, events, term, ownId, ownTerm, log, isRoot });
  const cfg = createCfgWriter({
    ...{ replica, nodes, domains, store, cluster, ownId, isRoot },
    run: term.run,
    ownName: name,
    ...(parts.interfaces !== undefined && { interfaces: parts.interfaces }),
  });
  const freezer = createFreezer({
    ...{ nodes, store, events, discovered },
    patchCfg: cfg.patch,
    frozen: stored.facts.get("frozen") === true,
    frozenAbove: () => !isRoot && replica.get(ownId)?.facets.parent.get("/frozen")?.value === true,
    thawed(ids) {
      for (const id of ids) engine.touch(id);
    },
  });
  const fence = createFence({
    ...{ name, clock, events },
    isAlone: () => joining !== undefined && joining.state !== "level",
    standby() {
      const standby = replica.get(ownId)?.facets.cfg.get("/standby")?.value;
      return typeof standby === "string" ? standby : undefined;
    },
    onChanged() {
      if (!fence.isUp) runStates.resume(); // children were sent to the standby, and try it for a while
      engine.touchAll();
    },
    handOver: () => children.handOver(),
  });
  const elsewhere = createElsewhere({ replica, store, facts: stored.facts, log });
  const adopting = createAdopting({
    ...{ replica, nodes, clock },
    isElsewhere: elsewhere.has,
    grace: parts.grace + ADOPT_GRACE,
    termOf: (child) => children.termOf(child),
    onOver(child) {
      runStates.adopt(child);
      engine.touch(child);
    },
  });
  const runStates = createRunStates({
    ...{ nodes, discovered, clock },
    grace: parts.grace,
    resumeGrace: parts.grace + RESUME_GRACE,
    isAwaited: (child) => adopting.isAwaited(child),
    isFenced: () => fence.isUp || broker.isDeaf,
  });
  const watchDisk = createOlderDiskWatch({
    replica,
    run: term.run,
    onOlder(child) {
      const why = "as the root's disk is older than what it has told its children: it was put back from a backup";
      log.error("Everything is frozen. Stop the root, and prepare its folder with --restored", { child, why });
      freezer.freeze(undefined, `${why}. Stop it, and prepare its folder with --restored`);
      engine.touchAll();
    },
  });
  const children = createChildren({
    ...{ run, replica, nodes, store, clock, random, log },
    owing: createOwing({ store, facts: stored.facts, log }),
    modules: declarations,
    agentModules: parts.agentModules,
    terms: stored.terms,
    sessions: stored.sessions,
    send: parts.send,
    isDeaf: () => broker.isDeaf,
    onUnknown(child) {
      if (isRoot) troubles.heardUnknown(child);
    },
    onState(child, state, sameRun, why) {
      runStates.link(child, state, sameRun, why);
      engine.touch(child); // who was awaited is here
    },
    ask: (node) => joining?.link.ask(node),
    onHeard: (child) => runStates.heard(child),
    onLeft(child, number) {
      const isKnown = elsewhere.heard(child, number);
      engine.touch(child);
      return isKnown;
    },
    onRival(child, old, newest) {
      const node = nodes.read(child)?.name ?? child;
      const why =
        `Two agents have the identity of ${node}: run ${old} goes on though run ${newest} has taken its place. ` +
        "End one of them, or give its machine a node of its own";
      events.add({ node, kind: "identity", why });
      log.warn(why, { node });
    },
    onBorn(child, { parent, above }, hasParent) {
      if (isRoot) watchDisk(child, above);
      // What an earlier run has told a child may be newer than what it left on the disk: this one's word is the last. A run
      // that the disk knows nothing of, as its term is not below this one's, may have said anything.
      const isUnknown = compareTerms(above, term.of(child)) >= 0;
      if (parent !== run && compareTerms(above, NO_TERM) > 0 && term.outdo(child, above) && (!hasParent || isUnknown)) {
        replica.restamp(child, "parent", term.of(child));
      }
    },
    onModules(child, modules) {
      const known = domains.declared;
      const isAggregator = placement.isAggregator(child);
      const problem = isAggregator ? domains.declareBelow(child, modules) : domains.declare(child, modules);
      if (problem !== undefined) {
        events.add({ node: nodes.read(child)?.name ?? child, kind: "refused", why: problem });
      }
      for (const id of isAggregator ? placement.below(child) : [child]) nodes.changed(id);
      engine.touch(child);
      if (domains.declared !== known) joining?.link.redeclare();
    },
    onGone() {
      if (joining?.link.isBehind === false) moves.forgetDoubtful();
    },
  });
  const modules = hostModules({ ...{ nodes, discovered, ownId, clock, random, log }, modules: parts.modules });
  const engine = createEngine(
    createEngineHost({
      ...{ nodes, replica, discovered, events, persistence, store, modules },
      holds: createHoldStore(store, stored.facts, log),
      isComplete: () => joining?.complete ?? true,
      isDeaf: () => broker.isDeaf,
      freezeOf(id) {
        const freeze = fence.isUp ? "everything" : freezer.stateOf(id);
        return freeze === "no" && adopting.isUntouchable(id) ? "moved" : freeze;
      },
    }),
    { clock, random },
  );
  const silence = (id: string): number => broker.isDeaf ? 0 : children.silence(id);
  const lettingGo = createLettingGo({
    ...{ replica, nodes, ownId, clock, silence },
    isComplete: () => joining?.complete ?? true,
    tell: discovered.own,
  });
  const releases = isRoot ? createReleases({ replica, nodes, cfg, ownId, clock, silence }) : undefined;
  const agentHolds = createAgentHolds({ replica, nodes, events, clock });
  const standbys = isRoot ? createStandbys({ replica, nodes, cfg, events }) : undefined;
  const statuses = createStatuses({
    ...{ nodes, clock },
    statusOf: (id) => engine.status(id),
    publish: isRoot ? undefined : (id, status) => discovered.parent(id, new Map([["/engine/status", status]])),
    onLooked: () => subtree.tell(),
  });
  const takingOver = createTakingOver({
    ...{ term, replica, nodes, discovered, adopting, runStates, log },
    tellFreeze: freezer.tell,
    touch: engine.touch,
  });
  const subtree = createSubtreeReport({
    ...{ replica, nodes, discovered, store, ownId, isRoot },
    broker: { isLost: () => broker.problem !== undefined },
    statuses: () => statuses,
  });
  const moves = createMoves({
    ...{ replica, nodes, ownId, isRoot, children, persistence, adopting, runStates, statuses },
    takeOver: takingOver.takeOver,
    touch: engine.touch,
  });
  const retries = createRetries({ replica, nodes, discovered, engine });
  const policies = createPolicyTaker({ nodes, ownId, engine });
  const joining: Joining | undefined = way === undefined ? undefined : createJoining({
    ...{ ownId, run, replica, placement, term, clock, random, log },
    raise: takingOver.raise,
    way: withSafeAcks(way, persistence.flush),
    modules: () => domains.declared,
    onState: () => fence.changed(),
    onLeft: takingOver.takeOver,
    onThere: (node, assignment) => children.told(node, assignment),
    onStray: (id) => moves.doubt(id),
    onPassing: (id) => passOn(id),
    complete: stored.facts.get("complete") === true,
    onCaughtUp: () => queueMicrotask(moves.forgetDoubtful),
    onForgotten: (ids) => moves.forgotten(ids),
    onComplete() {
      noteComplete();
      engine.touchAll();
      children.callAll();
    },
  });
  /** The aggregator below that serves a node: the one whose modules its planner has. */
  function aggregatorOf(id: string): string | undefined {
    const parent = replica.get(id)?.facets.cfg.get("/parent")?.value;
    return typeof parent === "string" && parent !== name ? placement.aggregator(parent) : undefined;
  }

  /** A run after this one has what this one knows, and goes on from there. */
  function noteComplete(): void {
    statuses.changed(ownId);
    persistence.flush();
    if (persistence.waiting.unsavedDocuments > 0) return;
    try {
      store.commit({ facts: new Map([["complete", true]]) });
    } catch (error) {
      log.error("Cannot write that all nodes are known", { error: String(error) });
    }
  }

  /** What has come from above goes on down: whoever serves the node may have lost it. */
  function passOn(id: string): void {
    const via = placement.via(id);
    if (via !== undefined && via !== id) children.arrived(via, id);
  }

  return {
    ...{ ownId, isRoot, store, replica, term, nodes, domains, events, persistence, discovered, cfg, joining, children },
    ...{ moves, takingOver, adopting, lettingGo, releases, standbys, fence, runStates, statuses, subtree, engine },
    ...{ freezer, agentHolds, retries, modules, policies, broker, troubles },
  };
}
