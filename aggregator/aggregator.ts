import { randomUUID } from "node:crypto";
import type { Clock, Random } from "../src/clock.ts";
import { createEngine, type EngineHost, memoValue, readMemo, readPolicy, readStuck } from "../src/engine/mod.ts";
import type { Log } from "../src/log.ts";
import { createModuleHost, type Module } from "../src/module/mod.ts";
import type { ModuleDeclaration } from "../src/plan/mod.ts";
import { type Entry, nodeIdOf, type Value } from "../src/state/mod.ts";
import { createReplica, type DownFrame, type LifeFrame, type Replica, type UpFrame } from "../src/sync/mod.ts";
import { createAgentHolds } from "./agent_holds.ts";
import { createCfgWriter } from "./cfg.ts";
import { createChildren } from "./children.ts";
import type { Control } from "./control.ts";
import { createDiscovered } from "./discovered.ts";
import { createDomains } from "./domains.ts";
import { createEvents } from "./events.ts";
import { createHoldStore } from "./hold_store.ts";
import { createFreezer } from "./freezer.ts";
import { createNodes, type Nodes } from "./nodes.ts";
import { createPersistence } from "./persistence.ts";
import { createRunStates } from "./run_state.ts";
import { createControl } from "./steering.ts";
import type { Store, Stored } from "./store/mod.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;

/** What an aggregator is made of. */
export interface AggregatorParts {
  readonly cluster: string;
  /** The name of its own node. */
  readonly name: string;
  readonly store: Store;
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
}

/** Holds nodes, plans for them and drives them. Without I/O of its own: transport, store and modules are given. */
export interface Aggregator {
  readonly id: string;
  readonly control: Control;
  /** Starts modules, engine and links. */
  start(): Promise<void>;
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** The transport is up (again): children may have been missed. */
  connected(): void;
  /** Ends everything that it started, and writes what waits to be written. */
  stop(): Promise<void>;
}

/**
 * Makes an aggregator from what its store holds. It writes with a higher term than any run before it.
 *
 * @throws {Error} When the store belongs to another cluster or another aggregator, or can't be written.
 */
export function createAggregator(parts: AggregatorParts): Aggregator {
  const { cluster, name, store, clock, random, log } = parts;
  const run = randomUUID();
  const ownId = nodeIdOf(cluster, name);
  const stored = store.load();
  const term = takeTerm(parts, stored);
  const replica = createReplica(stored.documents);
  makeOwnNode(store, replica, ownId, name, term);

  const declarations = parts.modules.map(({ declaration }) => declaration);
  const domains = createDomains(declarations, parts.agentModules, log);
  const nodes = createNodes(replica, domains, name);
  const events = createEvents(clock, store, stored);
  const persistence = createPersistence(store, replica, events, clock, log);
  const discovered = createDiscovered({ replica, nodes, events, term, ownId });
  const cfg = createCfgWriter({ replica, nodes, domains, store, term, cluster, aggregators: [name], ownId });
  const freezer = createFreezer({
    nodes,
    store,
    events,
    discovered,
    patchCfg: cfg.patch,
    frozen: stored.facts.get("frozen") === true,
    thawed(ids) {
      for (const id of ids) engine.touch(id);
    },
  });
  const runStates = createRunStates({
    nodes,
    discovered,
    clock,
    grace: parts.grace,
    resumeGrace: parts.grace + RESUME_GRACE,
  });
  const children = createChildren({
    run,
    modules: declarations,
    replica,
    nodes,
    store,
    terms: stored.terms,
    clock,
    random,
    log,
    send: parts.send,
    onState: (child, state, sameRun, why) => runStates.link(child, state, sameRun, why),
    onModules(child, modules) {
      const problem = domains.declare(child, modules);
      if (problem !== undefined) {
        events.add({ node: nodes.read(child)?.name ?? child, kind: "refused", why: problem });
      }
      nodes.changed(child);
      engine.touch(child);
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
    clock,
    random,
    log,
  });
  const host: EngineHost = {
    role: "parent",
    nodes: () => nodes.children(),
    read(id) {
      const node = nodes.isChild(id) ? nodes.read(id) : undefined;
      if (node === undefined) return undefined;
      return { ...node, frozen: freezer.stateOf(id) };
    },
    run: (id, step, execution, signal) => modules.run(id, step, execution, signal),
    discover: (id, url, value) => discovered.parent(id, new Map([[url, value]]), "a mutation failed"),
    hold: (id, stuck) => discovered.parent(id, new Map([["/stuck/parent", stuck === undefined ? null : { ...stuck }]])),
    held: (id) => readStuck(replica.get(id)?.facets.parent.get("/stuck/parent")?.value),
    remember(id, memo) {
      const before = host.remembered(id);
      discovered.parent(id, new Map([["/engine/memo", memoValue(memo)]]));
      // On disk before a node is taken out, so that a run after a crash counts it too.
      if (memo.out !== before?.out && (memo.out === "TAKEN" || memo.out === "CUT")) persistence.flush();
      // A crash right after a failure, or because of it, does not make it undone.
      else if (memo.failed !== undefined) persistence.flushSoon();
    },
    remembered: (id) => readMemo(replica.get(id)?.facets.parent.get("/engine/memo")?.value),
    clear: (id, mutation) => discovered.parent(id, new Map([["/clear", mutation ?? null]])),
    ...createHoldStore(store, stored.facts, log),
    log: (event) => events.add(event),
  };
  const engine = createEngine(host, { clock, random });
  const agentHolds = createAgentHolds({ replica, nodes, events, clock });
  let policyAt = "";

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
    const physState = nodes.read(id)?.view.get("/physState");
    if (physState === "POWER_OFF") children.poweredOff(id);
    else runStates.power(id);
  }
  const unfollow = replica.onChange((id, facet, urls) => {
    const wasChild = nodes.isChild(id);
    nodes.changed(id);
    if (id === ownId && facet === "cfg") queueMicrotask(takePolicy);
    if (facet === "self") agentHolds.changed(id, urls);
    if (wasChild && !nodes.isChild(id)) {
      children.remove(id);
      runStates.remove(id);
      engine.touch(id);
    }
    if (nodes.isChild(id)) {
      if (facet === "cfg") queueMicrotask(() => freezer.tell(id));
      if (facet === "parent" && urls.includes("/physState")) queueMicrotask(() => powerChanged(id));
      children.changed(id);
      engine.touch(id);
    }
    modules.changed(id);
  });

  return {
    id: ownId,
    control: createControl({
      ...{ cluster, name, run, ownId, replica, nodes, domains, events, engine, cfg, discovered, freezer },
      ...{ agentHolds, clock, flush: persistence.flush },
    }),
    async start() {
      forgetConclusions(nodes, replica, term);
      replica.write(
        ownId,
        "parent",
        new Map([["/physState", "POWER_ON"], ["/runState", "SYNC"], ["/link", "UP"]]),
        term,
      );
      for (const id of nodes.children()) freezer.tell(id);
      takePolicy();
      runStates.resume();
      await modules.start();
      engine.touchAll();
      children.callAll();
    },
    receive: (child, frame) => children.receive(child, frame),
    life: (child, frame) => children.life(child, frame),
    connected: () => children.callAll(),
    async stop() {
      engine.stop();
      children.stop();
      runStates.stop();
      await modules.stop();
      unfollow();
      persistence.stop();
    },
  };
}

/** Takes the next term, on disk before it is used, so that nothing that an older run still sends can win. */
function takeTerm(parts: AggregatorParts, stored: Stored): number {
  for (const [fact, own] of [["cluster", parts.cluster], ["name", parts.name]] as const) {
    const there = stored.facts.get(fact);
    if (there !== undefined && there !== own) {
      throw new Error(`The store belongs to ${fact} '${there}': expected '${own}'`);
    }
  }
  const before = stored.facts.get("term");
  const term = (typeof before === "number" ? before : 0) + 1;
  parts.store.commit({
    facts: new Map<string, string | number>([["cluster", parts.cluster], ["name", parts.name], ["term", term]]),
  });
  return term;
}

/** The aggregator is a node too. */
function makeOwnNode(store: Store, replica: Replica, id: string, name: string, term: number): void {
  if (replica.get(id) !== undefined) return;
  const entries = new Map<string, Entry>([["/name", { value: name, version: [term, 1] }]]);
  store.commit({
    documents: [{ document: { id, facets: { cfg: entries, parent: new Map(), self: new Map() } }, facets: ["cfg"] }],
  });
  replica.merge(id, "cfg", entries);
}

/**
 * Observations outlive a restart; what was only concluded from silence does not: an agent that could not reach us
 * while we were away must be heard before its machine is power-cycled.
 */
function forgetConclusions(nodes: Nodes, replica: Replica, term: number): void {
  for (const id of nodes.children()) {
    const parent = replica.get(id)?.facets.parent;
    const lost: [string, Value | null][] = [];
    if (parent?.get("/physState")?.value === "PHYS_HANG") lost.push(["/physState", null], ["/runState", null]);
    if (parent?.get("/runState")?.value === "ERROR") lost.push(["/runState", null]);
    if (lost.length > 0) replica.write(id, "parent", new Map(lost), term);
  }
}
