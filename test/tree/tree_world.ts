import { type Agent, createAgent } from "../../agent/agent.ts";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import type { Aggregator } from "../../aggregator/types.ts";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import type { ModuleContext } from "../../src/module/mod.ts";
import { createUplink, type Uplink } from "../../src/mqtt/mod.ts";
import {
  compareVersions,
  FACET_NAMES,
  newestVersion,
  nodeIdOf,
  type Value,
  type Version,
  versionText,
} from "../../src/state/mod.ts";
import { createSteadyClock } from "../../src/steady_clock.ts";
import type { Frame } from "../../src/sync/mod.ts";
import { createStrictLog } from "../support/strict_log.ts";
import { createVirtualClock, settleSome, type VirtualClock } from "../support/virtual_clock.ts";
import { seeded } from "../sync/world.ts";
import { createNetwork, type Network } from "./network.ts";
import { createProcessClock, type ProcessClock } from "./process_clock.ts";
import { type Controller, createOversee, createPower, createWatch, watchDeclaration } from "./stand_ins.ts";

const CLUSTER = "tree";
/** How long a lost link may take to come back, in milliseconds. */
const GRACE = 5_000;
/** From power-on to the start of an agent, in milliseconds. */
const BOOT = 3_000;

/** A program of the tree, by its name; without a parent it is the root. */
export interface Planned {
  readonly name: string;
  readonly parent?: string;
  readonly isAggregator?: true;
  /** The aggregator that stands by for it, as its cfg has it. */
  readonly standby?: string;
  /** The aggregator for which it offers to stand by. */
  readonly standbyFor?: string;
}

/** One run of an aggregator or an agent. */
export interface Process {
  readonly run: string;
  alive: boolean;
  readonly clock: ProcessClock;
  readonly uplink: Uplink | undefined;
  readonly aggregator: Aggregator | undefined;
  readonly agent: Agent | undefined;
  /** The context of its trial module, once it has started. */
  context: ModuleContext | undefined;
  /** Of an agent: what it has discovered, which its `self` facet must show everywhere in the end. */
  readonly truth: Map<string, number>;
}

/** A program of the world, across its runs. */
export interface Member extends Planned {
  readonly id: string;
  process: Process | undefined;
}

/** A tree of aggregators and agents in one process on a virtual clock: the real programs but for transports and power. */
export interface TreeWorld {
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly members: readonly Member[];
  /** Orders to controllers so far, in words. */
  readonly orders: readonly { readonly name: string; readonly to: "on" | "off"; readonly by: string }[];
  /** What must never happen and did, in words. */
  readonly violations: readonly string[];
  member(name: string): Member;
  store(name: string): Store;
  /** The root. */
  readonly root: Aggregator;
  /** @param parent Whom it joins by its own setting from now on, where that is not the one of the plan. */
  start(name: string, parent?: string): void;
  /** SIGKILL. Its brokers notice after `ms` milliseconds. */
  kill(name: string, ms: number): void;
  /** Its disk is lost. It must not run. */
  wipe(name: string): void;
  /** What the agent of a node discovers; nothing where it does not run. */
  discover(name: string, key: string, value: number | null): void;
  /** What every aggregator that takes a node for its child discovers of it. */
  oversee(name: string, key: string, value: number | null): void;
  /** Sets cfg at the root. @returns Whether the root runs and took it. */
  set(names: readonly string[], values: Record<string, Value | null>): boolean;
  remove(name: string): void;
  /** Makes a node that was deleted, or is new, below an aggregator. */
  create(name: string, parent: string): void;
  stop(): Promise<void>;
}

const log = createStrictLog();

/**
 * Makes a world and starts everything in it.
 *
 * @param calm The names of nodes whose ways and agents no fault touches: their machines must never be powered off.
 */
export async function createTreeWorld(
  plan: readonly Planned[],
  { seed, brokersOutlive, calm }: {
    readonly seed: number;
    readonly brokersOutlive: boolean;
    readonly calm: readonly string[];
  },
): Promise<TreeWorld> {
  const clock = createVirtualClock(settleSome);
  const random = seeded(seed);
  const members = plan.map((planned): Member => ({
    ...planned,
    id: nodeIdOf(CLUSTER, planned.name),
    process: undefined,
  }));
  const byName = new Map(members.map((member) => [member.name, member]));
  const names = new Map(members.map(({ id, name }) => [id, name]));
  const stores = new Map<string, Store>();
  const orders: { name: string; to: "on" | "off"; by: string }[] = [];
  const violations: string[] = [];
  const controllers = new Map<string, Controller>();
  /** Whom programs join by their own settings, where that is not the one of the plan. */
  const settings = new Map<string, string>();
  /** Every version of every value that was ever sent, by facet: two values of one version would never be reconciled. */
  const versions = new Map<string, Map<string, { readonly version: Version; readonly text: string }>>();
  /** What a run whose disk was lost has said, and nobody above it knew by then: its last parent may still tell of it. */
  const unknown = new Set<string>();
  /** The last epoch that a run of a parent named to a child. */
  const epochs = new Map<string, number>();
  let runs = 0;
  const rootName = members.find(({ parent }) => parent === undefined)?.name ?? "";

  const network = createNetwork({
    ...{ clock, random, brokersOutlive },
    calm: new Set(calm.map((name) => nodeIdOf(CLUSTER, name))),
  });
  network.onFrame = (from, to, frame) => {
    checkVersions(from, frame);
    checkBeginning(to, frame);
  };

  /** A child takes what is of an earlier epoch for late. */
  function checkBeginning(to: string, frame: Frame): void {
    if (frame.type !== "welcome") return;
    const key = `${frame.from} ${to}`;
    const before = epochs.get(key) ?? 0;
    if (frame.epoch < before) {
      violations.push(`${frame.from} welcomes ${names.get(to)} under epoch ${frame.epoch} after ${before}`);
    }
    epochs.set(key, frame.epoch);
  }
  function checkVersions(from: string, frame: Frame): void {
    if (frame.type !== "data") return;
    for (const { id, facets } of frame.documents) {
      for (const name of FACET_NAMES) {
        for (const [url, { value, version }] of facets[name] ?? []) {
          const facet = `${id} ${name}`;
          const key = `${url} ${versionText(version)}`;
          const text = JSON.stringify(value);
          if (unknown.has(`${facet} ${key} ${text}`)) continue;
          const known = versions.get(facet) ?? new Map<string, { version: Version; text: string }>();
          versions.set(facet, known);
          const before = known.get(key)?.text;
          if (before === undefined) known.set(key, { version, text });
          else if (before !== text) {
            violations.push(`${names.get(id)} ${name} ${key} is ${before} and ${text}, sent by ${names.get(from)}`);
          }
        }
      }
    }
  }
  /**
   * The disk of an aggregator is lost. What it has said of nodes below it, or has heard from them, may not have got further:
   * nobody who is above it knows of such a version, so it may be given again. What has got to the root's disk may not; nor
   * may any version of cfg, of which an aggregator has only copies, nor one that was first sent after the loss.
   */
  function forgetUnknown(lost: Member): void {
    const kept = new Map(storeOf(rootName).load().documents.map((document) => [document.id, document]));
    for (const { id } of storeOf(lost.name).load().documents) {
      for (const name of ["parent", "self"] as const) {
        const newest = newestVersion(kept.get(id)?.facets[name] ?? new Map());
        const known = versions.get(`${id} ${name}`) ?? new Map();
        for (const [key, { version, text }] of known) {
          if (compareVersions(version, newest) <= 0) continue;
          known.delete(key);
          unknown.add(`${id} ${name} ${key} ${text}`);
        }
      }
    }
  }

  function member(name: string): Member {
    const found = byName.get(name);
    if (found === undefined) throw new RangeError(`No member '${name}'`);
    return found;
  }
  function storeOf(name: string): Store {
    let store = stores.get(name);
    if (store === undefined) stores.set(name, store = openMemoryStore());
    return store;
  }

  function makeUplink(
    owner: { alive: boolean },
    of: Member,
    run: string,
    own: ProcessClock,
    to = of.parent,
  ): Uplink | undefined {
    if (to === undefined) return undefined;
    return createUplink({
      ...{ cluster: CLUSTER, child: of.id, run, random, log },
      url: `mqtt://${to}`,
      parent: member(to).id,
      clock: own,
      connect: () => {
        throw new Error("No broker is in this world");
      },
    }, (options) => network.transport(owner, options));
  }

  function startAggregator(of: Member): Process {
    const run = `${of.name}-${++runs}`;
    const own = createProcessClock(clock);
    const owner = { alive: true };
    const uplink = makeUplink(owner, of, run, own);
    const store = storeOf(of.name);
    let send: ReturnType<Network["open"]> = () => {};
    const made: Process = {
      ...{ run, clock: own, uplink, agent: undefined, context: undefined, truth: new Map() },
      get alive() {
        return owner.alive;
      },
      set alive(alive) {
        owner.alive = alive;
      },
      aggregator: createAggregator({
        ...{ cluster: CLUSTER, name: of.name, run, random, log },
        store: {
          ...store,
          commit(batch) {
            if (owner.alive) store.commit(batch);
          },
        },
        modules: [
          createJoinModule(),
          createPower(
            new Map([...controllers].map(([id, controller]) => [id, {
              get power() {
                return controller.power;
              },
              switch(to: "on" | "off") {
                if (!owner.alive) return;
                orders.push({ name: names.get(id) ?? id, to, by: of.name });
                controller.switch(to);
              },
            }])),
          ),
          createOversee((context) => made.context = context),
        ],
        agentModules: [watchDeclaration],
        grace: GRACE,
        clock: createSteadyClock(own),
        send: (child, frame) => send(child, frame),
        ...(of.standbyFor !== undefined && { standbyFor: of.standbyFor }),
        ...(uplink !== undefined && {
          upstream: {
            send: uplink.send,
            onAssignment: uplink.assign,
            onLink: uplink.linked,
            onKeepalive: uplink.setKeepalive,
            // A supervisor starts it again.
            onDeposed: () => clock.after(0, () => restartDeposed(of, made)),
          },
        }),
      }),
    };
    const { aggregator } = made;
    if (aggregator === undefined) throw new Error("No aggregator was made");
    send = network.open(of.id, run, owner, aggregator);
    void aggregator.start({ api: `http://${of.name}`, broker: `mqtt://${of.name}` }).then(() => {
      if (owner.alive && uplink !== undefined && aggregator.upstreamLink !== undefined) {
        uplink.start(aggregator.upstreamLink);
      }
    });
    return made;
  }

  function startAgent(of: Member, parent?: string): Process {
    const run = `${of.name}-${++runs}`;
    const own = createProcessClock(clock);
    const owner = { alive: true };
    const uplink = makeUplink(owner, of, run, own, parent);
    if (uplink === undefined) throw new Error(`Agent '${of.name}' has no parent`);
    const agent = createAgent({
      ...{ id: of.id, name: of.name, run, random, log },
      clock: own,
      modules: [createWatch((context) => made.context = context)],
      send: uplink.send,
      onAssignment: uplink.assign,
      onLink: uplink.linked,
      onKeepalive: uplink.setKeepalive,
      onDeposed: () => clock.after(0, () => restartDeposed(of, made)),
    });
    const made: Process = {
      ...{ run, clock: own, uplink, aggregator: undefined, agent, context: undefined, truth: new Map() },
      get alive() {
        return owner.alive;
      },
      set alive(alive) {
        owner.alive = alive;
      },
    };
    void agent.start().then(() => {
      if (owner.alive) uplink.start(agent);
    });
    return made;
  }

  function restartDeposed(of: Member, process: Process): void {
    if (!process.alive || of.process !== process) return;
    kill(of.name, 0);
    start(of.name);
  }
  function start(name: string, parent?: string): void {
    const of = member(name);
    if (parent !== undefined) settings.set(name, parent);
    if (of.process !== undefined) return;
    if (controllers.get(of.id)?.power === "off") return;
    of.process = of.isAggregator === true ? startAggregator(of) : startAgent(of, settings.get(name));
  }
  function kill(name: string, ms: number): void {
    const of = member(name);
    const { process } = of;
    if (process === undefined) return;
    of.process = undefined;
    // Of an object with accessors: see above.
    process.alive = false;
    process.clock.end();
    if (process.aggregator !== undefined) {
      network.close(of.id);
      void process.aggregator.stop(); // ends what it listens to; its store and its network take nothing more
    }
    void process.agent?.stop();
    void process.uplink?.stop();
    network.killed(process, ms);
  }

  for (const { id, name, isAggregator } of members) {
    if (isAggregator === true) continue;
    let power: "on" | "off" = "on";
    controllers.set(id, {
      get power() {
        return power;
      },
      switch(to) {
        if (to === power) return;
        power = to;
        if (to === "off") kill(name, 200);
        else clock.after(BOOT, () => start(name));
      },
    });
  }

  function cfgOf({ id, name, parent, isAggregator, standby }: Member, to = parent) {
    const values: [string, Value][] = isAggregator === true
      ? [["/role", "AGGREGATOR"]]
      : [["/platform", "sim"], ["/runState", "SYNC"]];
    if (to !== undefined) values.push(["/parent", to]);
    if (standby !== undefined) values.push(["/standby", standby]);
    return { id, name, cfg: new Map<string, Value>(values) };
  }
  function rootOf(): Aggregator {
    const { process } = members.find(({ parent }) => parent === undefined) ?? {};
    if (process?.aggregator === undefined) throw new Error("The root does not run");
    return process.aggregator;
  }
  function isRootUp(): boolean {
    return members.some(({ parent, process }) => parent === undefined && process !== undefined);
  }

  start(rootName);
  await clock.advance(0);
  const applied = rootOf().control.apply(
    members.filter(({ parent }) => parent !== undefined).map((each) => cfgOf(each)),
    {},
  );
  if (!applied.ok) throw new Error(applied.problems.join("; "));
  for (const { name } of members) start(name);
  await clock.advance(0);

  return {
    clock,
    network,
    members,
    orders,
    violations,
    member,
    store: storeOf,
    get root() {
      return rootOf();
    },
    start,
    kill,
    wipe(name) {
      if (member(name).process !== undefined) throw new Error(`'${name}' runs`);
      if (!stores.has(name)) return;
      forgetUnknown(member(name));
      stores.delete(name);
    },
    discover(name, key, value) {
      const { id, process } = member(name);
      if (process?.context === undefined) return;
      const url = `/trial/${key}/self`;
      if (value === null) process.truth.delete(url);
      else process.truth.set(url, value);
      process.context.discover(id, url, value);
    },
    oversee(name, key, value) {
      const { id } = member(name);
      for (const { process } of members) {
        const context = process?.aggregator === undefined ? undefined : process.context;
        if (context === undefined || ![...context.nodes()].some((node) => node.id === id)) continue;
        context.discover(id, `/trial/${key}/parent`, value);
      }
    },
    set(changed, values) {
      if (!isRootUp()) return false;
      const patches = changed.map((name) => ({ id: member(name).id, values: new Map(Object.entries(values)) }));
      return rootOf().control.patchCfg(patches, {}).ok;
    },
    remove(name) {
      if (isRootUp()) rootOf().control.remove([member(name).id]);
    },
    create(name, parent) {
      if (isRootUp()) rootOf().control.apply([cfgOf(member(name), parent)], {});
    },
    async stop() {
      for (const { name } of members) kill(name, 0);
      await clock.advance(1);
    },
  };
}
