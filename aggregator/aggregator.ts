import type { Clock, Random } from "../src/clock.ts";
import { createEngine, readPolicy } from "../src/engine/mod.ts";
import type { Log } from "../src/log.ts";
import { createModuleHost, type Module } from "../src/module/mod.ts";
import type { ModuleDeclaration } from "../src/plan/mod.ts";
import { type Entry, FACET_NAMES, nodeIdOf, type Value } from "../src/state/mod.ts";
import { createReplica, type DownFrame, type LifeFrame, type Replica, type UpFrame } from "../src/sync/mod.ts";
import { createAdopting } from "./handover/adopting.ts";
import { createAgentHolds } from "./engine/agent_holds.ts";
import { createCfgWriter } from "./cfg/writer.ts";
import { createChildren } from "./links/children.ts";
import type { ChildrenCounts } from "./links/counts.ts";
import type { Control } from "./control/control.ts";
import { createDiscovered } from "./nodes/discovered.ts";
import { createDomains } from "./nodes/domains.ts";
import { createEngineHost } from "./engine/host.ts";
import { createEvents } from "./store/events.ts";
import { createFence } from "./handover/fence.ts";
import { createFreezer } from "./engine/freezer.ts";
import { type Below, countsValue, sumUp } from "./status/health.ts";
import { createHoldStore } from "./engine/hold_store.ts";
import { createJoining, type Joining, type ParentWay } from "./links/joining.ts";
import { createLettingGo, createReleases } from "./handover/letting_go.ts";
import { createNodes, type Nodes } from "./nodes/nodes.ts";
import { createOwing } from "./links/owing.ts";
import { createPersistence } from "./store/persistence.ts";
import type { Move } from "./tree/placement.ts";
import { createRunStates } from "./nodes/run_state.ts";
import { createStandbys, standbySeen } from "./handover/standby.ts";
import { createStatuses } from "./status/statuses.ts";
import { createControl } from "./control/steering.ts";
import { type Store, type Stored, watchStore } from "./store/mod.ts";
import { takeWriterTerm } from "./store/writer_term.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;
/** The same for a node that was given to it: agents ask a standby and the lost one by turns, each for 20 to 30 s. */
const ADOPT_GRACE = 120_000;

/** What an aggregator is made of. */
export interface AggregatorParts {
  readonly cluster: string;
  /** The name of its own node. */
  readonly name: string;
  /** Names this run: new with every start. */
  readonly run: string;
  readonly store: Store;
  /** What the store holds; where absent it is read from there. */
  readonly stored?: Stored;
  /** What it runs for its children. */
  readonly modules: readonly Module[];
  /** What agents are taken to run before they have told. */
  readonly agentModules: readonly ModuleDeclaration[];
  /** How long a lost link may take to come back, in milliseconds. */
  readonly grace: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Sends a frame to a child. */
  send(child: string, frame: DownFrame): void;
  /** The way to its parent; absent at the root. */
  readonly way?: ParentWay;
  /** The name of the aggregator whose children it is ready to take over. */
  readonly standbyFor?: string;
}

/** Where an aggregator is reached. */
export interface Addresses {
  /** URL of its HTTP API. */
  readonly api: string;
  /** URL of the broker over which its children reach it, without name and password. */
  readonly broker: string;
}

/** Holds nodes, plans for them and drives them. Without I/O of its own: transports, store and modules are given. */
export interface Aggregator {
  readonly id: string;
  readonly control: Control;
  /** What waits, for whoever watches it. */
  readonly counts: AggregatorCounts;
  /** Starts modules, engine and links. */
  start(addresses: Addresses): Promise<void>;
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** The transport to the children is up (again): some may have been missed. */
  connected(): void;
  /** The way to the parent; absent at the root. */
  readonly joining: Joining | undefined;
  /** Ends everything that it started, and writes what waits to be written. */
  stop(): Promise<void>;
}

/** What waits in an aggregator. */
export interface AggregatorCounts {
  readonly children: ChildrenCounts;
  /** Documents with changes that are not on disk. */
  readonly unsavedDocuments: number;
  readonly unsavedEvents: number;
  /** Whether the store takes no writes now, and how many have failed since the start. */
  readonly store: { readonly isFailing: boolean; readonly failures: number };
  readonly documents: number;
  /** Whether the parent has not acknowledged a window; undefined at the root. */
  readonly upWaiting: boolean | undefined;
  /** Clients that follow the event log, those of this program included. */
  readonly listeners: number;
}

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
  const ownId = nodeIdOf(cluster, name);
  const stored = parts.stored ?? store.load();
  claimStore(parts, stored);
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
    isRoot: way === undefined,
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
    isRoot: way === undefined,
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
      if (joining?.link.isBehind === false) forgetDoubtful();
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
    onLooked: tellSubtree,
  });
  /** How much of what the parent has sent is on the disk: an ack says no more. */
  let safe = { parent: "", received: 0 };
  const joining: Joining | undefined = way === undefined ? undefined : createJoining({
    ...{ ownId, run, replica, placement, term, raise, clock, random, log },
    way: {
      ...way,
      send(frame) {
        // What is said above is on the disk: the next run must not know less than others have from this one. So is what is
        // acknowledged: it is not sent again.
        const isNews = frame.type === "data" ? frame.documents.length > 0 : frame.type === "ack";
        const isSaved = !isNews || persistence.flush();
        if (frame.type !== "ack") return way.send(frame);
        // While the disk is full the parent hears that this one is there, and how much of it is safe.
        if (isSaved) safe = { parent: frame.to, received: frame.received };
        way.send(isSaved ? frame : { ...frame, received: safe.parent === frame.to ? safe.received : 0 });
      },
    },
    modules: () => domains.declared,
    onState: () => fence.changed(),
    onLeft: takeOver,
    onThere: (node, assignment) => children.told(node, assignment),
    onStray: (id) => void doubtful.add(id),
    onPassing: (id) => passOn(id),
    complete: stored.facts.get("complete") === true,
    onCaughtUp: () => queueMicrotask(forgetDoubtful),
    onForgotten(ids) {
      for (const id of ids) {
        // Whoever has to hear where it is now is told that first.
        if (children.isLeaving(id) && placement.via(id) === undefined) doubtful.add(id);
        else forget(id);
      }
    },
    onComplete() {
      noteComplete();
      engine.touchAll();
      children.callAll();
    },
  });
  /** Nodes that are perhaps not below any more: what says so may come before what says otherwise. */
  const doubtful = new Set(
    [...replica.ids()].filter((id) => way !== undefined && id !== ownId && placement.via(id) === undefined),
  );
  /** What waits for the store to take writes again: nodes to be taken over, and a run to count on to. */
  const unsettled = new Set<string>();
  let unraised = 0;
  let policyAt = "";
  let retriesAsked = new Map<string, Value>();

  /** The aggregator below that serves a node: the one whose modules its planner has. */
  function aggregatorOf(id: string): string | undefined {
    const parent = replica.get(id)?.facets.cfg.get("/parent")?.value;
    return typeof parent === "string" && parent !== name ? placement.aggregator(parent) : undefined;
  }

  /** Limits and invariants are cfg of the aggregator's own node. */
  function takePolicy(): void {
    const own = nodes.read(ownId);
    const version = own?.version.join(".") ?? "";
    if (own === undefined || version === policyAt) return;
    policyAt = version;
    engine.setPolicy(readPolicy(own.cfg));
  }

  /** What a change of power means for the link. After the write that brought it, so that events come in their order. */
  function powerChanged(id: string): void {
    if (placement.via(id) !== id) return; // that of an aggregator further down is its own parent's to judge
    const physState = nodes.read(id)?.view.get("/physState");
    if (physState === "POWER_OFF") {
      adopting.off(id);
      children.poweredOff(id);
    } else runStates.power(id);
  }

  /** What an earlier aggregator of a child knew of it stays true until something else is seen, but is ours to say now. */
  function takeOver(id: string): void {
    if (placement.via(id) !== id || !settle(id)) return;
    replica.restamp(id, "parent", term.of(id));
    discovered.parent(id, new Map([["/clear", null]]));
    freezer.tell(id);
    if (nodes.isChild(id)) awaitJoin(id);
  }
  /** A node that is not here yet gets the time to come. */
  function awaitJoin(id: string): void {
    adopting.begin(id);
    runStates.adopt(id);
    engine.touch(id);
  }

  /** Terms are on the disk before they are used: where it takes no writes, this is done once it does. */
  function settle(id: string): boolean {
    try {
      return term.settle(id);
    } catch (error) {
      log.error("Cannot take a node over", { node: id, problem: String(error) });
      unsettled.add(id);
      return false;
    }
  }
  function raise(to: number): void {
    try {
      term.raise(to);
    } catch (error) {
      log.error("Cannot count on to a run", { run: to, problem: String(error) });
      unraised = Math.max(unraised, to);
    }
  }
  function storeTurned(): void {
    const { problem } = store;
    events.add({ node: name, kind: "store", why: problem ?? "its store takes writes again" });
    if (problem === undefined) makeUp();
    tellSubtree();
    engine.touchAll();
  }
  /** Does what could not be done while the store took no writes. */
  function makeUp(): void {
    const left = [...unsettled];
    const to = unraised;
    unsettled.clear();
    unraised = 0;
    raise(to);
    for (const id of left) takeOver(id);
    if (to > 0 || left.length > 0) children.callAll(); // what links have said meanwhile was not written
    for (const id of placement.aggregators()) {
      standbys?.changed(id, ["/broker", "/standby", "/standbyFor", "/runState"]);
    }
  }

  function moved({ id, before, after }: Move): void {
    if (before === id) {
      children.remove(id);
      runStates.remove(id);
      adopting.remove(id);
      statuses.remove(id);
    } else if (before !== undefined) children.left(before, id);
    if (after === id) queueMicrotask(() => takeOver(id));
    else if (after !== undefined) {
      replica.renew(id);
      children.arrived(after, id);
      children.changed(id, "cfg", []);
    } else if (way !== undefined) doubtful.add(id);
    engine.touch(id);
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

  /** Forgets those that are not below by all that the parent has said, and of which every child knows that. */
  function forgetDoubtful(): void {
    for (const id of doubtful) {
      if (children.isLeaving(id)) continue;
      doubtful.delete(id);
      if (id !== ownId && placement.via(id) === undefined) forget(id);
    }
  }
  /** Somebody else holds it now. */
  function forget(id: string): void {
    const last = placement.via(id);
    replica.remove(id);
    persistence.forget(id);
    for (const move of placement.update(id)) if (move.id !== id) moved(move);
    if (last === id) {
      children.remove(id);
      runStates.remove(id);
      adopting.remove(id);
    } else if (last !== undefined) children.refresh(last);
    nodes.changed(id);
    statuses.remove(id);
    engine.touch(id);
  }

  /** Only an aggregator that knows of its standby keeps still while that one may have taken its nodes over. */
  function tellStandby(): void {
    discovered.own(new Map([["/standbySeen", standbySeen(replica.get(ownId)?.facets.cfg) ?? null]]));
  }

  function tellSubtree(): void {
    const { health: seen, counts } = sumUp(statuses.all(), below());
    const health = store.problem === undefined ? seen : "DEGRADED";
    discovered.own(new Map<string, Value>([["/subtree/health", health], ["/subtree/counts", countsValue(counts)]]));
  }
  function* below(): Generator<Below> {
    for (const id of placement.direct()) {
      const aggregator = placement.isAggregator(id) ? nodes.read(id) : undefined;
      if (aggregator === undefined) continue;
      const all = [...placement.below(id)];
      const aggregators = all.filter((each) => placement.isAggregator(each)).length;
      yield { aggregator, aggregators, nodes: all.length - aggregators };
    }
  }

  /** The aggregators below learn where the root is through their parents. */
  function tellRoot(): void {
    const url = way === undefined ? "/api" : "/rootApi";
    const api = replica.get(ownId)?.facets[way === undefined ? "self" : "parent"].get(url)?.value;
    if (typeof api !== "string") return;
    for (const id of placement.direct()) {
      if (placement.isAggregator(id)) discovered.parent(id, new Map([["/rootApi", api]]));
    }
  }

  /** Somebody asked at the root to try again what was given up here. */
  function takeRetries(id: string): void {
    const asked = replica.get(id)?.facets.cfg.get("/retries")?.value ?? undefined;
    if (asked === undefined || asked === retriesAsked.get(id)) return;
    retriesAsked.set(id, asked);
    retry(id);
  }
  function retry(id: string): void {
    engine.retry(id);
    const before = nodes.read(id)?.view.get("/retry");
    discovered.parent(id, new Map([["/retry", (typeof before === "number" ? before : 0) + 1]]));
  }

  const unfollow = replica.onChange((id, facet, urls) => {
    const moves = facet === "cfg" ? placement.update(id) : [];
    nodes.changed(id);
    for (const move of moves) moved(move);
    // Reached as before, but by a later assignment: what was written under the one before is to be taken over.
    const via = placement.via(id);
    if (facet === "cfg" && urls.includes("/assignment") && via !== undefined && via !== id && moves.length === 0) {
      replica.renew(id);
    }
    joining?.changed(id, urls);
    const isAggregator = placement.isAggregator(id);
    if (id === ownId) {
      if (facet === "cfg") queueMicrotask(takePolicy);
      if (urls.includes("/frozen")) queueMicrotask(frozenAbove);
      if (urls.includes("/rootApi") || urls.includes("/api")) queueMicrotask(tellRoot);
      if (urls.includes("/standby")) {
        queueMicrotask(() => {
          fence.changed();
          tellStandby();
        });
      }
      if (urls.includes("/letGo/asked")) queueMicrotask(lettingGo.look);
    }
    if (isAggregator && id !== ownId) {
      statuses.changed(id);
      if (facet === "cfg" && moves.some(({ after }) => after === id)) queueMicrotask(tellRoot);
    }
    if (facet === "parent" && urls.includes("/physState")) queueMicrotask(() => powerChanged(id));
    if (isAggregator && standbys !== undefined) queueMicrotask(() => standbys.changed(id, urls));
    children.changed(id, facet, urls);
    if (urls.every((url) => url === "/engine/status")) return; // it is of our own making, and nobody here plans with it
    if (facet === "self") agentHolds.changed(id, urls);
    if (facet === "cfg" && urls.includes("/assignment")) releases?.changed(id);
    if (facet === "cfg" && via === id) {
      queueMicrotask(() => {
        freezer.tell(id);
        // Who had it has let it go.
        if (urls.includes("/assignment") && nodes.isChild(id) && term.hasWritten(id)) awaitJoin(id);
        if (!term.hasWritten(id)) takeOver(id); // it went and came back before this was heard of
      });
    }
    if (nodes.isChild(id)) {
      if (urls.includes("/retries")) queueMicrotask(() => takeRetries(id));
      engine.touch(id);
      statuses.changed(id);
    }
    modules.changed(id);
  });
  const unlisten = events.listen(({ node }) => {
    const id = nodes.idOf(node);
    if (id !== undefined && nodes.isChild(id)) statuses.changed(id);
  });
  function frozenAbove(): void {
    freezer.tellAll();
    engine.touchAll();
  }

  store.onTurn(storeTurned);

  return {
    id: ownId,
    joining,
    control: createControl({
      ...{ cluster, name, run, ownId, replica, nodes, domains, events, engine, cfg, discovered, freezer },
      ...{ agentHolds, clock, flush: persistence.flush, store, isRoot: way === undefined, retry },
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
      retriesAsked = new Map([...nodes.children()].flatMap((id) => {
        const asked = replica.get(id)?.facets.cfg.get("/retries")?.value;
        return asked === undefined || asked === null ? [] : [[id, asked] as const];
      }));
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
        else takeOver(id); // it came just before the end of the last run
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

/** @throws {Error} When the store belongs to another cluster or aggregator. */
function claimStore(parts: AggregatorParts, stored: Stored): void {
  for (const [fact, own] of [["cluster", parts.cluster], ["name", parts.name]] as const) {
    const there = stored.facts.get(fact);
    if (there !== undefined && there !== own) {
      throw new Error(`The store belongs to ${fact} '${there}': expected '${own}'`);
    }
  }
  parts.store.commit({ facts: new Map([["cluster", parts.cluster], ["name", parts.name]]) });
}

/** The root is a node too. */
function makeOwnNode(store: Store, replica: Replica, id: string, name: string, term: number): void {
  const before = replica.get(id);
  if (before?.facets.cfg.get("/role")?.value === "AGGREGATOR") return;
  const entries = new Map<string, Entry>([
    ["/name", { value: name, version: [term, 1] }],
    ["/role", { value: "AGGREGATOR", version: [term, 1] }],
  ]);
  replica.merge(id, "cfg", entries);
  const document = replica.get(id);
  if (document !== undefined) store.commit({ documents: [{ document, facets: ["cfg"] }] });
}

/**
 * Observations outlive a restart; what was only concluded from silence does not: an agent that could not reach us
 * while we were away must be heard before its machine is power-cycled.
 */
function forgetConclusions(nodes: Nodes, discovered: { parent(id: string, values: Map<string, null>): void }): void {
  for (const id of nodes.children()) {
    const view = nodes.read(id)?.view;
    const lost: [string, null][] = [];
    if (view?.get("/physState") === "PHYS_HANG") lost.push(["/physState", null], ["/runState", null]);
    if (view?.get("/runState") === "ERROR") lost.push(["/runState", null]);
    if (lost.length > 0) discovered.parent(id, new Map(lost));
  }
}
