import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../../../src/clock.ts";
import { createEngine, type EngineHost, type EngineNode } from "../../../src/engine/mod.ts";
import { compileDomain, createPlanner } from "../../../src/plan/mod.ts";
import {
  type Facet,
  newestVersion,
  type NodeDocument,
  type Value,
  valuesOf,
  versionText,
  viewOf,
} from "../../../src/state/mod.ts";
import { round } from "../bench.ts";
import { layercake } from "./layercake.ts";

/** Figures of an engine whose nodes are all at their goals, and all dirty. */
export interface ReconcileRow {
  readonly nodes: number;
  /** Milliseconds for the first look at every node, with the working out of views. */
  readonly firstMs: number;
  /** Milliseconds for a look at every node after each one's document has changed, with the working out of views. */
  readonly dirtyMs: number;
  /** Milliseconds for a look at all of them when nothing has changed: what a resync costs. */
  readonly ms: number;
  readonly perSecond: number;
  /** Bytes of the heap for each node that engine and host hold beyond its document. */
  readonly bytesPerNode: number;
}

/** A real engine over nodes in memory that are at their goals: there is nothing to do, which is to be found out. */
export function measureReconciles(sizes: readonly number[]): ReconcileRow[] {
  measure(1000); // warms up
  return sizes.map(measure);
}

function measure(nodes: number): ReconcileRow {
  const documents = new Map(Array.from({ length: nodes }, (_, node) => [`id-${node}`, documentOf(node)]));
  const { clock, workOff } = createPump();
  const before = usedHeap();
  const { host, change } = hostOf(documents);
  const engine = createEngine(host, { clock, random: () => 0.5 });
  const firstMs = timeOf(() => {
    engine.touchAll();
    workOff();
  });
  const bytes = usedHeap() - before;
  for (const document of documents.values()) change(seenAgain(document));
  const dirtyMs = timeOf(() => {
    engine.touchAll();
    workOff();
  });
  const ms = timeOf(() => {
    engine.touchAll();
    workOff();
  });
  const idle = [...documents.keys()].filter((id) => engine.status(id).phase !== "converged").length;
  if (idle > 0) throw new Error(`Cannot measure: ${idle} of ${nodes} nodes are not converged, expected all`);
  engine.stop();
  return {
    nodes,
    firstMs: round(firstMs),
    dirtyMs: round(dirtyMs),
    ms: round(ms),
    perSecond: Math.round(nodes / ms * 1000),
    bytesPerNode: Math.round(bytes / nodes),
  };
}

/** A host in memory that works a node out once for each change of its document, as the aggregator does. */
function hostOf(
  documents: Map<string, NodeDocument>,
): { readonly host: EngineHost; change(document: NodeDocument): void } {
  const planner = createPlanner(compileDomain(layercake("idle").modules));
  const { schema, conditions } = planner.domain;
  const read = new Map<string, EngineNode>();
  function workOut(id: string): EngineNode | undefined {
    const document = documents.get(id);
    if (document === undefined) return undefined;
    const cfg = valuesOf(document.facets.cfg);
    const target = versionText(newestVersion(document.facets.cfg));
    const view = viewOf(schema, conditions, document);
    const node = { name: String(cfg.get("/name")), planner, view, cfg, target, frozen: "no" as const };
    read.set(id, node);
    return node;
  }
  const host: EngineHost = {
    role: "parent",
    source: { nodes: () => documents.keys(), read: (id) => read.get(id) ?? workOut(id) },
    executor: {
      run: () => Promise.reject(new Error("Cannot run: there is nothing to do")),
      discover() {},
    },
    journal: { log() {}, hold() {}, held: () => undefined },
  };
  return {
    host,
    change(document) {
      documents.set(document.id, document);
      read.delete(document.id);
    },
  };
}

/** A document in which something else was discovered that is no goal of the node. */
function seenAgain({ id, facets }: NodeDocument): NodeDocument {
  return {
    id,
    facets: {
      ...facets,
      parent: new Map([...facets.parent, ["/busy", { value: "BUSY", version: { assignment: 1, run: 1, rev: 2 } }]]),
    },
  };
}

function documentOf(node: number): NodeDocument {
  const facet = (values: { readonly [url: string]: Value }): Facet =>
    new Map(Object.entries(values).map(([url, value]) => [url, { value, version: { assignment: 1, run: 1, rev: 1 } }]));
  const goals = { "/physState": "POWER_ON", "/runState": "SYNC", "/idle/pxe": "COMP" };
  const own = { "/idle/image": "ACTIVE", "/services/a/state": "RUN", "/services/b/state": "RUN" };
  return {
    id: `id-${node}`,
    facets: {
      cfg: facet({ "/name": `n${node}`, "/platform": "idle", ...goals, ...own }),
      parent: facet({ ...goals, "/busy": "FREE" }),
      self: facet({ ...own, "/drained": "NO" }),
    },
  };
}

/** A clock that runs what is due at once, and only when it is told to: nothing of the runtime's timers is measured. */
function createPump(): { readonly clock: Clock; workOff(): void } {
  let due: (() => void)[] = [];
  const clock: Clock = {
    now: () => performance.now(),
    wall: () => 0,
    after(ms, run) {
      if (ms === 0) due.push(run);
      return () => {
        due = due.filter((other) => other !== run);
      };
    },
  };
  return {
    clock,
    workOff() {
      for (let run = due.shift(); run !== undefined; run = due.shift()) run();
    },
  };
}

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Bytes in use once all garbage is gone. */
function usedHeap(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().heapUsed;
}
