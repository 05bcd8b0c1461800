import assert from "node:assert/strict";
import { type Clock, type Random, systemClock } from "../../src/clock.ts";
import { failureOf, lateFailure } from "../../src/engine/verdict.ts";
import { createLog, type Log } from "../../src/log.ts";
import { createModuleHost, type Module, type ModuleHost, type ModuleNode } from "../../src/module/mod.ts";
import type { Step } from "../../src/plan/mod.ts";
import { type Reports, type Sighting, unread } from "../../src/reports.ts";
import type { Value } from "../../src/state/mod.ts";
import { until } from "../support/until.ts";

/** One node with the discovered values and the cfg that a test gives it. */
export interface TestNode {
  readonly id: string;
  readonly name: string;
  readonly view: Map<string, Value>;
  readonly cfg: Map<string, Value>;
}

/** A module in a real host, and the state that it works on. */
export interface HostedForTest {
  readonly host: ModuleHost;
  /** Everything that was discovered, in order: `name/url=value`. */
  readonly history: string[];
  /** What handlers have told people, in order. */
  readonly notes: string[];
  /** What handlers have said that they saw, in order. */
  readonly sightings: Sighting[];
  /** Runs one of the module's mutations on the first node; the engine's `failTo` is applied as it would. */
  run(mutation: string, bindings?: Record<string, string>, signal?: AbortSignal): Promise<void>;
  /** Waits until the first node's discovered value is this one. */
  until(url: string, value: Value | undefined, limitMs?: number): Promise<void>;
  /** Sets a cfg value of the first node (undefined removes it) and tells the module. */
  set(url: string, value: Value | undefined): void;
}

/** Puts a module into a host with some nodes; the first is also the program's own unless `own` is given. */
export async function hostForTest(
  module: Module,
  nodes: readonly TestNode[],
  options: {
    readonly role?: "self" | "parent";
    readonly own?: TestNode;
    readonly clock?: Clock;
    readonly log?: Log;
    readonly random?: Random;
  } = {},
): Promise<HostedForTest> {
  const [first] = nodes;
  if (first === undefined) throw new Error("Expected at least one node");
  const own = options.own ?? first;
  const history: string[] = [];
  const notes: string[] = [];
  const sightings: Sighting[] = [];
  function node(id: string): (ModuleNode & TestNode) | undefined {
    return [...nodes, own].find((node) => node.id === id);
  }
  function write(id: string, url: string, value: Value | null): void {
    const view = node(id)?.view;
    if (view === undefined) return;
    history.push(`${node(id)?.name}${url}=${value}`);
    if (value === null) view.delete(url);
    else view.set(url, value);
  }
  const host = createModuleHost({
    modules: [module],
    role: options.role ?? "self",
    programNode: own.id,
    nodes: () => nodes,
    node,
    discover: write,
    clock: options.clock ?? systemClock,
    random: options.random ?? (() => 0.5),
    log: options.log ?? createLog(() => {}),
  });
  await host.start();
  return {
    host,
    history,
    notes,
    sightings,
    async run(mutation, bindings = {}, signal = new AbortController().signal) {
      const declared = module.declaration.mutations[mutation];
      if (declared === undefined) throw new Error(`There is no mutation '${mutation}'`);
      const step = stepOf(module.declaration.name, mutation, bindings);
      let seen: Sighting | undefined;
      const reports: Reports = {
        ...unread,
        saw(sighting) {
          seen = sighting;
          sightings.push(sighting);
        },
        note: (why) => void notes.push(why),
      };
      try {
        await host.run(first.id, step, crypto.randomUUID(), signal, reports);
      } catch (error) {
        const { unavailable = false, blameless = false } = signal.aborted && seen !== undefined
          ? lateFailure({ step, seen: { ...seen, at: 0 } }, 0)
          : failureOf(error);
        for (const [url, value] of Object.entries(unavailable || blameless ? {} : declared.failTo ?? {})) {
          write(first.id, url.replace("{name}", bindings["name"] ?? ""), value);
        }
        throw error;
      }
    },
    until: (url, value, limitMs) => until(() => assert.deepEqual(first.view.get(url), value), limitMs),
    set(url, value) {
      if (value === undefined) first.cfg.delete(url);
      else first.cfg.set(url, value);
      host.changed(first.id);
    },
  };
}

function stepOf(module: string, mutation: string, bindings: Record<string, string>): Step {
  const key = `${module}/${mutation}`;
  return {
    key,
    module,
    mutation,
    bindings,
    context: "self",
    changes: {},
    failTo: {},
    timeout: 1,
    disruption: 1,
    duration: 1,
    after: [],
  };
}

/** A node without any values. */
export function testNode(name: string, cfg: { readonly [url: string]: Value } = {}): TestNode {
  return { id: crypto.randomUUID(), name, view: new Map(), cfg: new Map(Object.entries(cfg)) };
}
