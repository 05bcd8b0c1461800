import type { Clock, Random } from "../../src/clock.ts";
import {
  createEngine,
  type Engine,
  type EngineEvent,
  type EngineHost,
  type EngineNode,
  type Freeze,
} from "../../src/engine/mod.ts";
import type { Checkpoint, EngineOptions, KeptHold, Policy, Stuck } from "../../src/engine/mod.ts";
import { compileDomain, createPlanner, declareModule, type Planner, type Step } from "../../src/plan/mod.ts";
import type { Reports } from "../../src/reports.ts";
import { core, defineExtension, enumeration, services, type Value, type Values, viewOf } from "../../src/state/mod.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { at } from "../support/versions.ts";

/** Power and run state of a machine, run by its parent. Boot and joining happen by themselves. */
const machine = declareModule({
  name: "machine",
  about: "A machine for tests",
  extensions: [core],
  discovers: ["/physState", "/runState"],
  mutations: {
    find: { context: "parent", changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] }, timeout: 5_000 },
    on: {
      context: "parent",
      changes: { "/physState": ["POWER_OFF", "POWER_ON"] },
      timeout: 10_000,
      failTo: { "/physState": "PHYS_HANG" },
    },
    off: {
      context: "parent",
      changes: { "/physState": ["POWER_ON", "POWER_OFF"] },
      excludes: { "/busy": "BUSY" },
      timeout: 10_000,
      failTo: { "/physState": "PHYS_HANG" },
    },
    reset: {
      context: "parent",
      changes: { "/physState": ["PHYS_HANG", "POWER_OFF"] },
      timeout: 10_000,
      failTo: { "/physState": "PHYS_HANG" },
    },
    boot: {
      context: "parent",
      changes: { "/runState": ["UNKNOWN", "INIT"] },
      requires: { "/physState": "POWER_ON" },
      timeout: 30_000,
      failTo: { "/physState": "PHYS_HANG" },
    },
    join: {
      context: "parent",
      changes: { "/runState": ["INIT", "SYNC"] },
      requires: { "/physState": "POWER_ON" },
      timeout: 10_000,
      failTo: { "/physState": "PHYS_HANG" },
    },
  },
});

/** Services, run by the node's agent. */
const service = declareModule({
  name: "service",
  about: "Services for tests",
  extensions: [core, services],
  discovers: ["/services/{name}/state"],
  mutations: {
    start: {
      context: "self",
      changes: { "/services/{name}/state": ["UNKNOWN", "RUN"] },
      requires: { "/runState": "SYNC" },
      timeout: 5_000,
      failTo: { "/services/{name}/state": "ERROR" },
    },
    restart: {
      context: "self",
      changes: { "/services/{name}/state": ["ERROR", "RUN"] },
      requires: { "/runState": "SYNC" },
      timeout: 5_000,
      failTo: { "/services/{name}/state": "ERROR" },
    },
  },
});

const cooling = defineExtension("cooling", {
  "/fan": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "parent", about: "Fan speed", knownWhile: {} },
  "/pump": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "parent", about: "Pump speed", knownWhile: {} },
  "/lamp": { type: enumeration("UNKNOWN", "DARK", "LIT"), writer: "parent", about: "Front lamp", knownWhile: {} },
});

/** Things beside the machine's power: one mutation of two values, and one value that nothing else depends on. */
const rack = declareModule({
  name: "rack",
  about: "Cooling and a lamp for tests",
  extensions: [core, cooling],
  discovers: ["/fan", "/pump", "/lamp"],
  mutations: {
    cool: {
      context: "parent",
      changes: { "/fan": ["SLOW", "FAST"], "/pump": ["SLOW", "FAST"] },
      timeout: 10_000,
      failTo: { "/fan": "SLOW", "/pump": "SLOW" },
    },
    calm: { context: "parent", changes: { "/fan": ["FAST", "SLOW"] }, timeout: 10_000 },
    light: { context: "parent", changes: { "/lamp": ["DARK", "LIT"] }, timeout: 10_000, failTo: { "/lamp": "DARK" } },
    dim: { context: "parent", changes: { "/lamp": ["LIT", "DARK"] }, timeout: 10_000, failTo: { "/lamp": "DARK" } },
  },
});

/** The planner of every node in these tests. */
export const planner: Planner = createPlanner(compileDomain([machine, service, rack]));

/** What is seen once a mutation is done, by its key. */
export const RESULTS: { readonly [key: string]: Readonly<Record<string, string>> } = {
  "machine/find": { "/physState": "POWER_OFF" },
  "machine/on": { "/physState": "POWER_ON" },
  "machine/off": { "/physState": "POWER_OFF" },
  "machine/reset": { "/physState": "POWER_OFF" },
  "machine/boot": { "/runState": "INIT" },
  "machine/join": { "/runState": "SYNC" },
  "rack/light": { "/lamp": "LIT" },
  "rack/dim": { "/lamp": "DARK" },
  "rack/calm": { "/fan": "SLOW" },
  "rack/cool": { "/fan": "FAST", "/pump": "FAST" },
};

/** One call of a handler. */
export interface Run extends Reports {
  readonly id: string;
  readonly key: string;
  readonly execution: string;
  readonly signal: AbortSignal;
  /** Clock milliseconds. */
  readonly at: number;
  /** The handler returns. */
  finish(): void;
  /** The handler fails. */
  reject(error: unknown): void;
}

interface World {
  cfg: Map<string, Value>;
  readonly dsc: Map<string, Value>;
  revision: number;
  frozen: Freeze;
}

/** An engine with a small world around it, on a clock that the test moves. */
export interface Lab {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly events: EngineEvent[];
  readonly runs: Run[];
  readonly holds: Map<string, Stuck>;
  /** What the engine has kept of each node. */
  readonly checkpoints: ReadonlyMap<string, Checkpoint>;
  /** Whether what is done to a node can be written down. */
  isWritable: boolean;
  /** Whether no agent can be heard. */
  isDeaf: boolean;
  /** Called with each run as it starts. */
  onRun: (run: Run) => void;
  /** Called with each event, and the id of its node. */
  onEvent: (event: EngineEvent, id: string) => void;
  /** Replaces cfg, with a new version; creates the node. */
  want(cfg: { readonly [url: string]: Value }, id?: string): void;
  /** Something is discovered, or forgotten (null). */
  see(dsc: { readonly [url: string]: Value | null }, id?: string): void;
  /** The node as the engine would read it with another cfg; undefined when it is not there. */
  imagine(cfg: { readonly [url: string]: Value }, id?: string): EngineNode | undefined;
  freeze(frozen: boolean | Freeze, id?: string): void;
  /** The node is gone; the engine is not told. */
  remove(id?: string): void;
  /** The program stops and starts again. What is in the world stays. */
  restart(): void;
  /** Values of the discovered state. */
  seen(url: string, id?: string): Value | undefined;
  /** The events of one kind, as mutation keys. */
  keysOf(kind: EngineEvent["kind"]): (string | undefined)[];
  /** How many times a handler was run. */
  runsOf(key: string): Run[];
  /** Lets everything happen that can without time going on. */
  settle(): Promise<void>;
}

/** Makes a lab. Handlers return at once and change nothing, unless the test says otherwise. */
export function createLab(
  setup: {
    readonly role?: "parent" | "self";
    readonly options?: Partial<EngineOptions>;
    readonly random?: Random;
    readonly clockOf?: (clock: VirtualClock) => Clock;
    readonly onRead?: (id: string) => void;
    readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
    readonly planner?: Planner;
    readonly policy?: Policy;
    /** What the name of a node starts with; its id follows. @default "node " */
    readonly prefix?: string;
  } = {},
): Lab {
  const clock = createVirtualClock();
  const world = new Map<string, World>();
  const events: EngineEvent[] = [];
  const runs: Run[] = [];
  const holds = new Map<string, Stuck>();
  const checkpoints = new Map<string, Checkpoint>();
  const prefix = setup.prefix ?? "node ";
  let kept: readonly KeptHold[] = [];
  const used = setup.planner ?? planner;
  const { schema, conditions } = used.domain;

  function change(id: string, dsc: { readonly [url: string]: Value | null }): void {
    const node = world.get(id);
    if (node === undefined) return;
    let changed = false;
    for (const [url, value] of Object.entries(dsc)) {
      if ((node.dsc.get(url) ?? null) === value) continue;
      changed = true;
      if (value === null) node.dsc.delete(url);
      else node.dsc.set(url, value);
    }
    // What can't be known any more is gone, and does not come back with the power.
    for (const url of node.dsc.keys()) if (!viewIn(id, node).has(url)) node.dsc.delete(url);
    if (changed) engine.touch(id);
  }

  function viewIn(id: string, node: World): Values {
    const facet = (values: Values) => new Map([...values].map(([url, value]) => [url, { value, version: at(1, 1) }]));
    const discovered = facet(node.dsc);
    return viewOf(schema, conditions, { id, facets: { cfg: facet(node.cfg), parent: discovered, self: discovered } });
  }

  const host: EngineHost = {
    role: setup.role ?? "parent",
    source: {
      nodes: () => world.keys(),
      read(id) {
        setup.onRead?.(id);
        const node = world.get(id);
        if (node === undefined) return undefined;
        const view = viewIn(id, node);
        const { cfg, frozen } = node;
        return {
          ...{ name: `${prefix}${id}`, planner: used, view, cfg, target: `${node.revision}`, frozen },
          ...(frozen === "moved" && { frozenWhy: "it may be elsewhere" }),
        };
      },
      isDeaf: () => lab.isDeaf,
    },
    executor: {
      run(id: string, step: Step, execution: string, signal: AbortSignal, reports: Reports) {
        let finish = () => {};
        let reject: (error: unknown) => void = () => {};
        const ended = new Promise<void>((resolve, fail) => {
          finish = resolve;
          reject = fail;
        });
        const run: Run = { id, key: step.key, execution, signal, at: clock.now(), ...reports, finish, reject };
        runs.push(run);
        lab.onRun(run);
        return ended;
      },
      discover: (id, url, value) => change(id, { [url]: value }),
      ...(setup.role !== "self" && {
        approve: (id: string, mutation: string | undefined) => change(id, { "/approval": mutation ?? null }),
      }),
    },
    journal: {
      log(event) {
        events.push(event);
        lab.onEvent(event, event.node.slice(prefix.length));
      },
      hold(id, stuck) {
        if (stuck === undefined) holds.delete(id);
        else holds.set(id, stuck);
      },
      held: (id) => holds.get(id),
    },
    checkpoints: {
      write(id, checkpoint) {
        checkpoints.set(id, checkpoint);
        setup.onCheckpoint?.(checkpoint);
      },
      read: (id) => checkpoints.get(id),
      isWritable: () => lab.isWritable,
    },
    fleet: { keep: (holds) => void (kept = holds), kept: () => kept },
  };

  function start(): Engine {
    const deps = { clock: setup.clockOf?.(clock) ?? clock, random: setup.random ?? (() => 0.5) };
    const made = createEngine(host, deps, setup.options);
    if (setup.policy !== undefined) made.setPolicy(setup.policy);
    return made;
  }
  let engine = start();

  const lab: Lab = {
    clock,
    get engine() {
      return engine;
    },
    events,
    runs,
    holds,
    checkpoints,
    isWritable: true,
    isDeaf: false,
    onRun: (run) => run.finish(),
    onEvent: () => {},
    want(cfg, id = "a") {
      const revision = (world.get(id)?.revision ?? 0) + 1;
      const { dsc = new Map<string, Value>(), frozen = "no" } = world.get(id) ?? {};
      world.set(id, { cfg: new Map(Object.entries(cfg)), dsc, revision, frozen });
      engine.touch(id);
    },
    see: (dsc, id = "a") => change(id, dsc),
    imagine(cfg, id = "a") {
      const node = world.get(id);
      if (node === undefined) return undefined;
      const changed = { ...node, cfg: new Map(Object.entries(cfg)), revision: node.revision + 1 };
      const { frozen, revision } = changed;
      const about = { name: `${prefix}${id}`, planner: used, target: `${revision}`, frozen };
      return { ...about, cfg: changed.cfg, view: viewIn(id, changed) };
    },
    freeze(frozen, id = "a") {
      const node = world.get(id);
      if (node !== undefined) node.frozen = frozen === true ? "node" : frozen === false ? "no" : frozen;
      engine.touch(id);
    },
    remove(id = "a") {
      for (const known of [world, checkpoints, holds]) known.delete(id);
    },
    restart() {
      engine.stop();
      engine = start();
      engine.touchAll();
    },
    seen: (url, id = "a") => world.get(id)?.dsc.get(url),
    keysOf: (kind) => events.filter((event) => event.kind === kind).map((event) => event.mutation),
    runsOf: (key) => runs.filter((run) => run.key === key),
    settle: () => clock.advance(0),
  };
  return lab;
}
