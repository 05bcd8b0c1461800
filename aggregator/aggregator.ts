import { createEngine } from "../src/engine/mod.ts";
import { createModuleHost } from "../src/module/mod.ts";
import { FACET_NAMES, nodeIdOf, type Value } from "../src/state/mod.ts";
import { createReplica } from "../src/sync/mod.ts";
import { createCfgWriter } from "./cfg/writer.ts";
import { createControl } from "./control/steering.ts";
import { createAgentHolds } from "./engine/agent_holds.ts";
import { createFreezer } from "./engine/freezer.ts";
import { createHoldStore } from "./engine/hold_store.ts";
import { createEngineHost } from "./engine/host.ts";
import { createPolicyTaker } from "./engine/policy.ts";
import { createRetries } from "./engine/retries.ts";
import { followChanges } from "./following.ts";
import { createAdopting } from "./handover/adopting.ts";
import { createFence } from "./handover/fence.ts";
import { createLettingGo, createReleases } from "./handover/letting_go.ts";
import { createMoves } from "./handover/moves.ts";
import { createStandbys, standbySeen } from "./handover/standby.ts";
import { createTakingOver } from "./handover/taking_over.ts";
import { createChildren } from "./links/children.ts";
import { createJoining, type Joining } from "./links/joining.ts";
import { createOwing } from "./links/owing.ts";
import { withSafeAcks } from "./links/safe_acks.ts";
import { forgetConclusions } from "./nodes/conclusions.ts";
import { createDiscovered } from "./nodes/discovered.ts";
import { createDomains } from "./nodes/domains.ts";
import { createNodes } from "./nodes/nodes.ts";
import { createRunStates } from "./nodes/run_state.ts";
import { createStatuses } from "./status/statuses.ts";
import { createSubtreeReport } from "./status/subtree.ts";
import { createEvents } from "./store/events.ts";
import { watchStore } from "./store/mod.ts";
import { claimStore, makeOwnNode } from "./store/own_node.ts";
import { createPersistence } from "./store/persistence.ts";
import { takeWriterTerm } from "./store/writer_term.ts";
import type { Aggregator, AggregatorParts } from "./types.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;
/** The same for a node that was given to it: agents ask a standby and the lost one by turns, each for 20 to 30 s. */
const ADOPT_GRACE = 120_000;

/**
 * Makes an aggregator from what its store holds. It writes with a higher term than any run before it. Without a way up it
 * is the root, whose disk is the memory of the cluster; others hold what is below them, and learn it anew where they have
 * lost it.
 *
 * @throws {Error} When the store belongs to another cluster or another aggregator, or can't be written.
 */
export function createAggregator(parts: AggregatorParts): Aggregator {
  const { cluster, name, run, clock, random, log, way } = parts;
  const store = watchStore(parts.store, { clock, log });
  const isRoot = way === undefined;
  const ownId = nodeIdOf(cluster, name);
  const stored = parts.stored ?? store.load();
  claimStore(store, stored, parts);
  const replica = createReplica(stored.documents);
  const term = takeWriterTerm(store, stored, () => replica);
  if (way === undefined) makeOwnNode(store, replica, ownId, name, term.run);

  const declarations = parts.modules.map(({ declaration }) => declaration);
  const domains = createDomains(declarations, parts.agentModules, log, aggregatorOf);
  const nodes = createNodes(replica, domains, name);
  const { placement } = nodes;
  const events = createEvents(clock, store, stored);
  const persistence = createPersistence({
    ...{ store, replica, events, clock },
    facets: way === undefined ? ["parent", "self"] : FACET_NAMES,
    session(id) {
      const via = placement.via(id);
      const session = via === undefined ? undefined : children.session(via);
      return via === undefined || session === undefined ? undefined : [via, session];
    },
  });
  const ownTerm = (): number => joining?.term ?? term.run;
  const discovered = createDiscovered({
    ...{ replica, nodes, events, term, ownId, ownTerm, log },
    isRoot,
  });
  const cfg = createCfgWriter({
    replica,
    nodes,
    domains,
    store,
    term: term.run,
    cluster,
    ownId,
    ownName: name,
    isRoot,
  });
  const freezer = createFreezer({
    nodes,
    store,
    events,
    discovered,
    patchCfg: cfg.patch,
    frozen: stored.facts.get("frozen") === true,
    frozenAbove: () => way !== undefined && replica.get(ownId)?.facets.parent.get("/frozen")?.value === true,
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
  const adopting = createAdopting({
    ...{ replica, nodes, clock },
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
    isFenced: () => fence.isUp,
  });
  const children = createChildren({
    ...{ run, replica, nodes, store, clock, random, log },
    owing: createOwing({ store, facts: stored.facts, log }),
    modules: declarations,
    agentModules: parts.agentModules,
    terms: stored.terms,
    sessions: stored.sessions,
    send: parts.send,
    onState(child, state, sameRun, why) {
      runStates.link(child, state, sameRun, why);
      engine.touch(child); // who was awaited is here
    },
    ask: (node) => joining?.link.ask(node),
    onHeard: (child) => runStates.heard(child),
    onBorn(child, { parent, above }) {
      if (parent !== run && above > 0 && term.outdo(child, above)) replica.restamp(child, "parent", term.of(child));
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
  const modules = createModuleHost({
    modules: parts.modules,
    role: "parent",
    programNode: ownId,
    *nodes() {
      for (const id of nodes.children()) {
        const node = nodes.read(id);
        if (node !== undefined) yield node;
      }
    },
    node: (id) => nodes.read(id),
    discover(id, url, value) {
      if (id === ownId) discovered.own(new Map([[url, value]]));
      else discovered.parent(id, new Map([[url, value]]));
    },
    ...{ clock, random, log },
  });
  const engine = createEngine(
    createEngineHost({
      ...{ nodes, replica, discovered, events, persistence, store, modules },
      holds: createHoldStore(store, stored.facts, log),
      isComplete: () => joining?.complete ?? true,
      freezeOf(id) {
        const freeze = fence.isUp ? "everything" : freezer.stateOf(id);
        return freeze === "no" && adopting.isUntouchable(id) ? "moved" : freeze;
      },
    }),
    { clock, random },
  );
  const silence = (id: string): number => children.silence(id);
  const lettingGo = createLettingGo({
    ...{ replica, nodes, ownId, clock, silence },
    isComplete: () => joining?.complete ?? true,
    tell: discovered.own,
  });
  const releases = way === undefined ? createReleases({ replica, nodes, cfg, ownId, clock, silence }) : undefined;
  const agentHolds = createAgentHolds({ replica, nodes, events, clock });
  const standbys = way === undefined ? createStandbys({ replica, nodes, cfg, events }) : undefined;
  const statuses = createStatuses({
    ...{ nodes, clock },
    statusOf: (id) => engine.status(id),
    publish: way === undefined
      ? undefined
      : (id, status) => discovered.parent(id, new Map([["/engine/status", status]])),
    onLooked: () => subtree.tell(),
  });
  const takingOver = createTakingOver({
    ...{ term, replica, nodes, discovered, adopting, runStates, log },
    tellFreeze: freezer.tell,
    touch: engine.touch,
  });
  const subtree = createSubtreeReport({
    ...{ replica, nodes, discovered, store, ownId, isRoot },
    statuses: () => statuses,
  });
  const moves = createMoves({
    ...{ replica, nodes, ownId, isRoot, children, persistence, adopting, runStates, statuses },
    takeOver: takingOver.takeOver,
    touch: engine.touch,
  });
  const retries = createRetries({ replica, nodes, discovered, engine });
  const takePolicy = createPolicyTaker({ nodes, ownId, engine });
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

  function storeTurned(): void {
    const { problem } = store;
    events.add({ node: name, kind: "store", why: problem ?? "its store takes writes again" });
    if (problem === undefined) makeUp();
    subtree.tell();
    engine.touchAll();
  }
  /** Does what could not be done while the store took no writes. */
  function makeUp(): void {
    if (takingOver.makeUp()) children.callAll(); // what links have said meanwhile was not written
    for (const id of placement.aggregators()) {
      standbys?.changed(id, ["/broker", "/standby", "/standbyFor", "/runState"]);
    }
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

  /** Only an aggregator that knows of its standby keeps still while that one may have taken its nodes over. */
  function tellStandby(): void {
    discovered.own(new Map([["/standbySeen", standbySeen(replica.get(ownId)?.facets.cfg) ?? null]]));
  }

  const unfollow = followChanges({
    ...{
      ownId,
      replica,
      nodes,
      term,
      joining,
      children,
      moves,
      takingOver,
      adopting,
      lettingGo,
      releases,
      standbys,
      fence,
    },
    ...{ runStates, statuses, subtree, engine, freezer, agentHolds, retries, modules, takePolicy, tellStandby },
  });
  const unlisten = events.listen(({ node }) => {
    const id = nodes.idOf(node);
    if (id !== undefined && nodes.isChild(id)) statuses.changed(id);
  });
  store.onTurn(storeTurned);

  return {
    id: ownId,
    joining,
    control: createControl({
      ...{ cluster, name, run, ownId, replica, nodes, domains, events, engine, cfg, discovered, freezer },
      ...{ agentHolds, clock, flush: persistence.flush, store, isRoot, retry: retries.retry },
    }),
    get counts() {
      return {
        children: children.counts,
        ...persistence.waiting,
        store: { isFailing: store.problem !== undefined, failures: store.failures },
        documents: [...replica.ids()].length,
        listeners: events.listeners,
        upWaiting: joining?.link.counts.waiting,
      };
    },
    async start({ api, broker }) {
      forgetConclusions(nodes, discovered);
      retries.start();
      if (way === undefined) {
        discovered.parent(
          ownId,
          new Map([["/physState", "POWER_ON"], ["/runState", "SYNC"], ["/link", "UP"]]),
        );
      }
      discovered.own(
        new Map<string, Value | null>([
          ["/api", api],
          ["/broker", broker],
          ["/standbyFor", parts.standbyFor ?? null],
        ]),
      );
      freezer.tellAll();
      takePolicy();
      fence.changed();
      tellStandby();
      for (const id of nodes.children()) adopting.begin(id);
      runStates.resume();
      for (const id of placement.direct()) {
        // What the last run has told children may be newer than what it left on the disk: this one's word is the last.
        if (term.hasWritten(id)) replica.restamp(id, "parent", term.of(id));
        else takingOver.takeOver(id); // it came just before the end of the last run
      }
      for (const id of nodes.children()) statuses.changed(id);
      if (joining?.complete ?? true) statuses.changed(ownId); // one without nodes says so, too
      await modules.start();
      engine.touchAll();
      children.callAll();
    },
    receive(child, frame) {
      if (joining?.complete ?? true) children.receive(child, frame);
    },
    life(child, frame) {
      if (joining?.complete ?? true) children.life(child, frame);
    },
    connected: () => children.callAll(),
    async stop() {
      unlisten();
      engine.stop();
      joining?.stop();
      children.stop();
      runStates.stop();
      statuses.stop();
      fence.stop();
      adopting.stop();
      lettingGo.stop();
      releases?.stop();
      await modules.stop();
      unfollow();
      persistence.stop();
      store.unwatch();
    },
  };
}
