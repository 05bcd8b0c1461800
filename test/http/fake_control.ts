import type { NodeChange } from "../../aggregator/cfg/change.ts";
import type { Done, Refusal } from "../../aggregator/cfg/refusal.ts";
import type { Control } from "../../aggregator/control/control.ts";
import type { NodeDetail } from "../../aggregator/control/detail.ts";
import type { Elsewhere } from "../../aggregator/status/tree.ts";
import type { LoggedEvent } from "../../aggregator/store/mod.ts";
import type { Plan } from "../../src/plan/mod.ts";
import {
  compareVersions,
  core,
  createSchema,
  defineExtension,
  diffValues,
  nodeIdOf,
  services,
  type Value,
  type Version,
} from "../../src/state/mod.ts";

const programs = defineExtension("programs", {
  "/services/{name}/config": {
    type: {
      kind: "object",
      fields: { command: { kind: "string" }, env: { kind: "record", values: { kind: "string" } } },
      optional: ["env"],
    },
    writer: "cfg",
    about: "A program",
  },
});

/** A small aggregator that only remembers: nothing is planned, powered or stored. */
export interface FakeControl extends Control {
  /** Adds an event to the log and tells the listeners. */
  log(kind: string): LoggedEvent;
  /** How many listen. */
  readonly listeners: number;
  /** What was asked of the engine, in words. */
  readonly asked: readonly string[];
  /** Its store takes no writes from now on, for this reason. */
  fill(trouble: string): void;
  /** Answers every write with this refusal from now on. */
  refuse(refusal: Refusal): void;
  /** Throws when anything is listed from now on. */
  breakDown(): void;
  /** Says that somebody else has to be asked from now on. */
  send(elsewhere: Elsewhere): void;
}

interface FakeNode {
  readonly id: string;
  readonly name: string;
  cfg: ReadonlyMap<string, Value>;
  dsc: ReadonlyMap<string, Value>;
  version: Version;
}

/** Makes a fake aggregator with nodes of these names. */
export function createFakeControl(names: readonly string[]): FakeControl {
  const nodes = new Map<string, FakeNode>();
  const events: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  const asked: string[] = [];
  const troubles: string[] = [];
  /** Does it, unless the store fails. */
  function ask(what: string): Done {
    if (troubles.length > 0) return { ok: false, kind: "unavailable", problems: troubles };
    asked.push(what);
    return { ok: true };
  }
  let revision = 1;
  let refusal: Refusal | undefined;
  let broken = false;
  let elsewhere: Elsewhere | undefined;
  for (const name of names) add(name, nodeIdOf("demo", name));

  function add(name: string, id: string): FakeNode {
    const cfg = new Map([["/platform", "sim"], ["/parent", "root"]]);
    const node: FakeNode = { id, name, cfg, dsc: new Map([["/physState", "POWER_OFF"]]), version: [1, 1] };
    nodes.set(id, node);
    return node;
  }
  function detail(node: FakeNode): NodeDetail {
    return {
      ...node,
      kind: "node",
      platform: String(node.cfg.get("/platform") ?? ""),
      parent: String(node.cfg.get("/parent") ?? ""),
      physState: String(node.dsc.get("/physState")),
      runState: "UNKNOWN",
      link: "UNKNOWN",
      phase: "converged",
      reason: "",
      engine: { phase: "converged", running: [] },
    };
  }
  /** A way to POWER_ON and to what is there already, and to nothing else. */
  function planFor(cfg: ReadonlyMap<string, Value>, dsc: ReadonlyMap<string, Value>): Plan {
    const value = cfg.get("/physState");
    const here = String(dsc.get("/physState"));
    if (value === undefined || value === here) return { ok: true, steps: [], cost: 0, duration: 0, suspended: [] };
    if (value !== "POWER_ON") {
      return { ok: false, reason: { kind: "unreachable", url: "/physState", value, achievers: [] }, suspended: [] };
    }
    const changes = { "/physState": [here, value] as const };
    const step = { key: "simpower/power-on", module: "simpower", mutation: "power-on", bindings: {}, changes };
    const rest = { context: "parent", failTo: {}, timeout: 5000, disruption: 1, duration: 1250, after: [] } as const;
    return { ok: true, steps: [{ ...step, ...rest }], cost: 1, duration: 1250, suspended: [] };
  }
  function change(node: FakeNode, cfg: ReadonlyMap<string, Value>, created: boolean, dryRun: boolean): NodeChange {
    const differences = diffValues(created ? new Map() : node.cfg, cfg);
    const version: Version = differences.length === 0 ? node.version : [node.version[0], node.version[1] + 1];
    if (!dryRun) {
      Object.assign(node, { cfg, version });
      revision += 1;
    }
    return { id: node.id, name: node.name, created, differences, plan: planFor(cfg, node.dsc), version };
  }
  const find = (idOrName: string) => nodes.get(idOrName) ?? [...nodes.values()].find(({ name }) => name === idOrName);

  return {
    cluster: "demo",
    name: "root",
    schema: createSchema([core, services, programs]),
    revision: () => String(revision),
    elsewhere: () => elsewhere,
    tree: () => [],
    cfgValues: (url) => [...nodes.values()].flatMap(({ cfg }) => cfg.get(url) ?? []),
    cfgTag: () => "0",
    takenFor: () => new Map(),
    list() {
      if (broken) throw new Error("The secret path /etc/kraken is broken");
      return [...nodes.values()].map((node) => {
        const { cfg: _cfg, dsc: _dsc, version: _version, engine: _engine, ...summary } = detail(node);
        return summary;
      });
    },
    find(idOrName) {
      const node = find(idOrName);
      return node === undefined ? undefined : detail(node);
    },
    patchCfg(patches, options) {
      if (refusal !== undefined) return refusal;
      const changes: NodeChange[] = [];
      for (const { id, values } of patches) {
        const node = nodes.get(id);
        if (node === undefined) return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
        if (options.ifMatch !== undefined && compareVersions(options.ifMatch, node.version) !== 0) {
          return { ok: false, kind: "conflict", problems: ["The version is another"] };
        }
        const cfg = new Map(node.cfg);
        for (const [url, value] of values) {
          if (value === null) cfg.delete(url);
          else cfg.set(url, value);
        }
        changes.push(change(node, cfg, false, options.dryRun === true));
      }
      return { ok: true, changes };
    },
    apply(inventory, options) {
      if (refusal !== undefined) return refusal;
      const dryRun = options.dryRun === true;
      const changes = inventory.map(({ name, id, cfg }) => {
        const known = find(name);
        const made: FakeNode = {
          id: id ?? nodeIdOf("demo", name),
          name,
          cfg: new Map(),
          dsc: new Map(),
          version: [1, 0],
        };
        if (known === undefined && !dryRun) nodes.set(made.id, made);
        return change(known ?? made, cfg, known === undefined, dryRun);
      });
      return { ok: true, changes };
    },
    report(id, values) {
      const node = nodes.get(id);
      if (node === undefined) return { ok: false, kind: "unknown-node", problems: [`No node '${id}'`] };
      const dsc = new Map(node.dsc);
      for (const [url, value] of values) {
        if (value === null) dsc.delete(url);
        else dsc.set(url, value);
      }
      node.dsc = dsc;
      return { ok: true };
    },
    idleReason: () => undefined,
    searched: () => Promise.resolve(),
    plan(id) {
      const node = nodes.get(id);
      return node === undefined ? undefined : planFor(node.cfg, node.dsc);
    },
    freeze: (ids) => ask(`freeze ${ids?.map((id) => nodes.get(id)?.name).join(" ") ?? "everything"}`),
    thaw: (ids) => ask(`thaw ${ids?.map((id) => nodes.get(id)?.name).join(" ") ?? "everything"}`),
    retry: (ids) => ask(`retry ${ids.map((id) => nodes.get(id)?.name).join(" ")}`),
    remove(ids) {
      for (const id of ids) nodes.delete(id);
      return { ok: true };
    },
    explain(id, cfg) {
      const node = nodes.get(id);
      if (node === undefined) return undefined;
      const plan = planFor(cfg ?? node.cfg, node.dsc);
      const steps = (plan.ok ? plan.steps : []).map((step) => ({ step, state: { kind: "ready" } as const }));
      const phase = steps.length === 0 ? "converged" : "working";
      return { phase, now: 0, steps, suspended: [], goals: [], ...(!plan.ok && { noPlan: plan.reason }) };
    },
    about: () => "Powers the machine on",
    prospect: ({ id }) => ({ busy: id === nodeIdOf("demo", "n2"), frozen: false, disruptive: false, queued: [] }),
    graph(id, maxStates) {
      const node = nodes.get(id);
      if (node === undefined) return undefined;
      const states = [{ id: "a", values: Object.fromEntries(node.dsc), isGoal: true }].slice(0, maxStates);
      const plan = planFor(new Map(), node.dsc);
      return { urls: ["/physState"], states, edges: [], current: "a", path: [], plan, truncated: false };
    },
    limits: () => [],
    invariants: () => [],
    holds: () => [],
    release: () => ask("release"),
    troubles: () => troubles,
    engine: () => ({
      frozen: false,
      counts: { plans: 1, mutations: 2, failures: 0, retries: 0, late: 0, waiting: 0 },
      nodes: nodes.size,
      converged: nodes.size,
    }),
    events: (after, limit, wanted) =>
      events.filter((event) => event.id > after && wanted?.has(event.node) !== false).slice(0, limit),
    onEvent(listener) {
      if (listeners.size >= 3) throw new RangeError("Cannot stream events to more than 3 listeners at once");
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    log(kind) {
      const time = "2026-01-01T00:00:00.000Z";
      const event: LoggedEvent = { id: events.length + 1, time, node: "n1", kind, why: `event ${events.length + 1}` };
      events.push(event);
      for (const listener of listeners) listener(event);
      return event;
    },
    get listeners() {
      return listeners.size;
    },
    asked,
    fill: (trouble) => void troubles.push(trouble),
    refuse: (given) => void (refusal = given),
    send(to) {
      elsewhere = to;
    },
    breakDown: () => void (broken = true),
  };
}
