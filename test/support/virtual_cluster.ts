import { randomUUID } from "node:crypto";
import { type Agent, createAgent } from "../../agent/agent.ts";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { type BrokerWatch, createBrokerWatch } from "../../aggregator/broker/watch.ts";
import type { Aggregator } from "../../aggregator/types.ts";
import { openMemoryStore, type Store } from "../../aggregator/store/mod.ts";
import { hostinfoDeclaration } from "../../modules/hostinfo/declaration.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { createManualModule } from "../../modules/manual/module.ts";
import { createNopowerModule } from "../../modules/nopower/module.ts";
import { serviceDeclaration } from "../../modules/service/declaration.ts";
import { simpowerDeclaration } from "../../modules/simpower/declaration.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { reconnectWait } from "../../src/mqtt/mod.ts";
import { defineModule, type Module } from "../../src/module/mod.ts";
import { nodeIdOf, type Value } from "../../src/state/mod.ts";
import type { DownFrame, LifeFrame, UpFrame } from "../../src/sync/mod.ts";
import { createStrictLog } from "./strict_log.ts";
import { createVirtualClock, type VirtualClock } from "./virtual_clock.ts";

/** A simulated machine: its power, and the agent that runs while it is up. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  power: "on" | "off";
  agent: Agent | undefined;
  /** True while booting it leads nowhere. */
  hangs: boolean;
  /** How its BMC does: a deaf one takes orders and does nothing, one that throws fails, one that hangs never answers. */
  bmc: "works" | "deaf" | "throws" | "hangs";
  /** True while its network is cut. */
  cut: boolean;
  /** What its BMC was asked for so far, in order. */
  readonly orders: string[];
  /** What its services do: by name, whether the program runs. */
  readonly services: Map<string, boolean>;
  /** Which services fail to start. */
  readonly broken: Set<string>;
  /** What its agent says of its load. */
  load: number;
}

/** A whole cluster in one process on a virtual clock: real engine, planner, links; simulated machines and network. */
export interface VirtualCluster {
  readonly clock: VirtualClock;
  readonly machines: readonly Machine[];
  readonly store: Store;
  aggregator: Aggregator;
  /** Every frame that an agent has sent, in order. */
  readonly traffic: readonly { readonly child: string; readonly frame: UpFrame; readonly at: number }[];
  /** Every frame that the aggregator has sent, in order. */
  readonly told: readonly DownFrame[];
  /** When the aggregator has welcomed whom, in order. */
  readonly welcomes: readonly { readonly child: string; readonly at: number }[];
  /** How often the aggregator has written to its disk. */
  readonly commits: number;
  /** While true, the aggregator's disk takes no writes. */
  diskFull: boolean;
  /** Whether the aggregator runs. */
  readonly up: boolean;
  machine(name: string): Machine;
  /** Sets cfg of a node; null unsets. */
  set(name: string, values: Record<string, Value | null>): void;
  /** The same of all machines' nodes, in one request. */
  setAll(values: Record<string, Value | null>): void;
  /** Sets cfg of the aggregator's own node: limits, invariants. */
  rule(values: Record<string, Value | null>): void;
  /** What the API shows of a node: `/physState` and so on, unknown values included. */
  shown(name: string): { physState: string; runState: string; phase: string; reason: string };
  /** The load of a machine changes: its agent says so. */
  load(name: string, load: number): void;
  /** Runs until every node is at its goal. */
  converge(limitMs?: number): Promise<void>;
  /** The power goes, without anybody having asked. */
  pullPlug(name: string): void;
  /** SIGKILL of an agent. */
  killAgent(name: string): void;
  /** Starts an agent again on a machine that is on, as a supervisor would. */
  startAgent(name: string): void;
  /** SIGKILL of the aggregator. */
  killAggregator(): void;
  startAggregator(): Promise<void>;
  /**
   * SIGKILL of a broker that stands between: all connections end, wills are lost. It is back after `ms`; agents try again
   * with the waits of the MQTT connection.
   */
  restartBroker(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const CLUSTER = "virtual";
const ADDRESSES = { api: "http://127.0.0.1:1", broker: "mqtt://127.0.0.1:2" };
/** From power-on to the start of the agent, in milliseconds. */
export const BOOT = 3000;
/** One way through the network, in milliseconds. */
const LATENCY = 5;
/** How long the broker takes to notice that a connection is lost, in milliseconds. */
const WILL = 200;

/** Makes a cluster of `count` machines named n1, n2 ...; all of them are off, and known to the aggregator. */
export async function createVirtualCluster(count: number, seed = 1): Promise<VirtualCluster> {
  const clock = createVirtualClock();
  const random = seededRandom(seed);
  const store = openMemoryStore();
  const machines = Array.from({ length: count }, (_, index): Machine => {
    const name = `n${index + 1}`;
    return {
      id: nodeIdOf(CLUSTER, name),
      name,
      power: "off",
      agent: undefined,
      hangs: false,
      bmc: "works",
      cut: false,
      orders: [],
      services: new Map(),
      broken: new Set(),
      load: 0,
    };
  });
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  const byName = new Map(machines.map((machine) => [machine.name, machine]));
  const log = createStrictLog();
  const traffic: { child: string; frame: UpFrame; at: number }[] = [];
  const told: DownFrame[] = [];
  let commits = 0;
  const welcomes: { child: string; at: number }[] = [];
  let up = false;
  let generation = 0;
  let watch: BrokerWatch;
  const disk = { isFull: false };

  function deliver(machine: Machine, run: () => void): void {
    clock.after(LATENCY, () => {
      if (!machine.cut) run();
    });
  }
  function life(machine: Machine, frame: LifeFrame, wait: number): void {
    clock.after(wait, () => {
      if (up) cluster.aggregator.life(machine.id, frame);
    });
  }

  function startAgent(machine: Machine): void {
    const run = randomUUID();
    const agent = createAgent({
      id: machine.id,
      name: machine.name,
      run,
      modules: [serviceStandIn(machine), hostinfoStandIn(machine, loads)],
      clock,
      random,
      log,
      send(frame) {
        if (machine.agent !== agent) return;
        traffic.push({ child: machine.id, frame, at: clock.now() });
        deliver(machine, () => {
          if (up) cluster.aggregator.receive(machine.id, frame);
        });
      },
      onDeposed: () => void agent.stop(),
    });
    machine.agent = agent;
    runs.set(agent, run);
    machine.services.clear();
    void agent.start().then(() => {
      if (machine.agent !== agent) return;
      if (machine.cut) reconnect(machine, agent, 0);
      else if (up) agent.connected();
    });
  }
  const runs = new Map<Agent, string>();
  const loads = new Map<string, (load: number) => void>();

  function endAgent(machine: Machine): void {
    const agent = machine.agent;
    if (agent === undefined) return;
    machine.agent = undefined;
    life(machine, { type: "dead", from: runs.get(agent) ?? "", why: "lost" }, WILL);
    void agent.stop();
  }
  function boot(machine: Machine): void {
    machine.power = "on";
    clock.after(BOOT, () => {
      if (machine.power === "on" && machine.agent === undefined && !machine.hangs) startAgent(machine);
    });
  }

  /** Tries to connect, and again while the broker is away. */
  function reconnect(machine: Machine, agent: Agent, failures: number): void {
    clock.after(reconnectWait(failures, random), () => {
      if (machine.agent !== agent) return;
      if (machine.cut) reconnect(machine, agent, failures + 1);
      else agent.connected();
    });
  }

  /** A process that was killed writes nothing more. */
  function storeWhile(alive: () => boolean): Store {
    return {
      ...store,
      commit(batch) {
        if (!alive()) return;
        if (disk.isFull) throw new Error("Cannot write to the store 'state.db': its disk is full: free some space");
        commits++;
        store.commit(batch);
      },
    };
  }

  function startAggregator(): Aggregator {
    const mine = ++generation;
    watch = createBrokerWatch({ url: ADDRESSES.broker, clock });
    watch.reached();
    return createAggregator({
      cluster: CLUSTER,
      name: "root",
      run: randomUUID(),
      store: storeWhile(() => mine === generation),
      modules: [createJoinModule(), createManualModule(), createNopowerModule(), powerStandIn(byId, boot, endAgent)],
      agentModules: [serviceDeclaration, hostinfoDeclaration],
      grace: 2000,
      broker: watch,
      clock,
      random,
      log,
      send(child, frame) {
        const machine = byId.get(child);
        if (machine === undefined || mine !== generation) return;
        told.push(frame);
        if (frame.type === "welcome") welcomes.push({ child, at: clock.now() });
        deliver(machine, () => machine.agent?.receive(frame));
      },
    });
  }

  const cluster: VirtualCluster = {
    clock,
    machines,
    store,
    get diskFull() {
      return disk.isFull;
    },
    set diskFull(isFull) {
      disk.isFull = isFull;
    },
    traffic,
    told,
    welcomes,
    get commits() {
      return commits;
    },
    aggregator: startAggregator(),
    get up() {
      return up;
    },
    machine(name) {
      const machine = byName.get(name);
      if (machine === undefined) throw new RangeError(`No machine '${name}'`);
      return machine;
    },
    set(name, values) {
      const id = cluster.machine(name).id;
      const result = cluster.aggregator.control.patchCfg([{ id, values: new Map(Object.entries(values)) }], {});
      if (!result.ok) throw new Error(result.problems.join("; "));
    },
    setAll(values) {
      const patches = machines.map(({ id }) => ({ id, values: new Map(Object.entries(values)) }));
      const result = cluster.aggregator.control.patchCfg(patches, {});
      if (!result.ok) throw new Error(result.problems.join("; "));
    },
    load(name, load) {
      const machine = cluster.machine(name);
      machine.load = load;
      loads.get(machine.id)?.(load);
    },
    rule(values) {
      const patch = { id: cluster.aggregator.id, values: new Map(Object.entries(values)) };
      const result = cluster.aggregator.control.patchCfg([patch], {});
      if (!result.ok) throw new Error(result.problems.join("; "));
    },
    shown(name) {
      const node = cluster.aggregator.control.find(name);
      if (node === undefined) throw new RangeError(`No node '${name}'`);
      return { physState: node.physState, runState: node.runState, phase: node.phase, reason: node.reason };
    },
    async converge(limitMs = 300_000) {
      const isAway = ({ name }: Machine): boolean => cluster.shown(name).phase !== "converged";
      let last = machines[0]; // of thousands not all are looked at each time
      await clock.runUntil(() => {
        if (last === undefined || !isAway(last)) last = machines.find(isAway);
        return last === undefined;
      }, limitMs);
    },
    pullPlug(name) {
      const machine = cluster.machine(name);
      machine.power = "off";
      endAgent(machine);
    },
    killAgent: (name) => endAgent(cluster.machine(name)),
    startAgent: (name) => startAgent(cluster.machine(name)),
    killAggregator() {
      up = false;
      generation += 1;
      for (const machine of machines) machine.agent?.disconnected();
      void cluster.aggregator.stop(); // ends its timers; its store takes nothing more
    },
    async startAggregator() {
      cluster.aggregator = startAggregator();
      up = true;
      await cluster.aggregator.start(ADDRESSES);
      for (const machine of machines) if (!machine.cut) machine.agent?.connected();
    },
    async restartBroker(ms) {
      for (const machine of machines) {
        machine.cut = true;
        if (machine.agent === undefined) continue;
        machine.agent.disconnected();
        reconnect(machine, machine.agent, 0);
      }
      if (up) watch.failed("connection refused");
      await clock.advance(ms);
      for (const machine of machines) machine.cut = false;
      if (!up) return;
      watch.reached();
      cluster.aggregator.connected();
    },
    async stop() {
      for (const machine of machines) await machine.agent?.stop();
      await cluster.aggregator.stop();
    },
  };
  up = true;
  await cluster.aggregator.start(ADDRESSES);
  const applied = cluster.aggregator.control.apply(
    machines.map(({ id, name }) => ({ id, name, cfg: new Map([["/platform", "sim"], ["/parent", "root"]]) })),
    {},
  );
  if (!applied.ok) throw new Error(applied.problems.join("; "));
  return cluster;
}

/** Runs a test on a cluster of `count` machines whose nodes are all in SYNC, and ends the cluster. */
export async function inSync(count: number, run: (cluster: VirtualCluster) => Promise<void>): Promise<void> {
  const cluster = await createVirtualCluster(count);
  try {
    cluster.setAll({ "/physState": "POWER_ON", "/runState": "SYNC" });
    await cluster.converge();
    await run(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Stands in for the power module: the same declarations, machines in memory instead of a BMC over HTTP. */
function powerStandIn(
  machines: ReadonlyMap<string, Machine>,
  boot: (machine: Machine) => void,
  endAgent: (machine: Machine) => void,
): Module {
  return defineModule(simpowerDeclaration, (context) => {
    function look(id: string): void {
      const machine = machines.get(id);
      const node = context.node(id);
      if (machine === undefined || node?.cfg.get("/platform") !== "sim") return;
      const physState = node.view.get("/physState");
      if (machine.power === "off") context.discover(id, "/physState", "POWER_OFF");
      else if (physState !== "PHYS_HANG") context.discover(id, "/physState", "POWER_ON");
    }
    function poll(): void {
      for (const { id } of context.nodes()) look(id);
      const cancel = context.clock.after(1000, poll);
      context.signal.addEventListener("abort", cancel, { once: true });
    }
    function order(run: { node: { id: string } }, what: "on" | "off"): Promise<void> | void {
      const machine = machines.get(run.node.id);
      if (machine === undefined) return;
      machine.orders.push(what);
      if (machine.bmc === "throws") throw new Error("The module has died");
      if (machine.bmc === "hangs") return new Promise(() => {});
      if (machine.bmc === "deaf") return;
      if (what === "on" && machine.power === "off") boot(machine);
      if (what === "off") {
        machine.power = "off";
        endAgent(machine);
      }
      context.clock.after(100, () => {
        if (context.signal.aborted) return;
        const power = machine.power === "on" ? "POWER_ON" : "POWER_OFF";
        context.discover(machine.id, "/physState", power);
      });
    }
    poll();
    return {
      mutations: {
        "find-off": (run) => look(run.node.id),
        "find-on": (run) => look(run.node.id),
        "power-on": (run) => order(run, "on"),
        "power-off": (run) => order(run, "off"),
        "reset-hang": (run) => order(run, "off"),
        "cycle-off": (run) => run.discover("/power/order", "DONE"),
        "no-order": (run) => run.discover("/power/order", "DONE"),
        "no-reset": (run) => run.discover("/power/order", "DONE"),
        "no-interrupt": (run) => run.discover("/power/order", "DONE"),
        reset(run) {
          const machine = machines.get(run.node.id);
          if (machine === undefined) return;
          machine.orders.push("reset");
          endAgent(machine);
          boot(machine);
          run.discover("/power/order", "DONE");
          run.discover("/physState", "POWER_CYCLE");
        },
        "reset-over": (run) => run.discover("/physState", "POWER_ON"),
        interrupt(run) {
          machines.get(run.node.id)?.orders.push("nmi");
          run.discover("/power/order", "DONE");
        },
      },
    };
  });
}

/** Stands in for the hostinfo module: the same declarations, a load that a test sets. */
function hostinfoStandIn(machine: Machine, loads: Map<string, (load: number) => void>): Module {
  return defineModule(hostinfoDeclaration, (context) => {
    loads.set(machine.id, (load) => context.discover(machine.id, "/host/load", load));
    return {};
  });
}

/** Stands in for the service module: the same declarations, programs that only exist in memory. */
function serviceStandIn(machine: Machine): Module {
  return defineModule(serviceDeclaration, (context) => {
    context.discover(machine.id, "/drained", "NO");
    function start(
      run: { bindings: { readonly [name: string]: string }; discover(url: string, value: string): void },
    ): void {
      const name = run.bindings["name"] ?? "";
      if (machine.broken.has(name)) throw new Error(`'${name}' can't be started`);
      machine.services.set(name, true);
      run.discover(`/services/${name}/state`, "RUN");
    }
    function stop(
      run: { bindings: { readonly [name: string]: string }; discover(url: string, value: string): void },
    ): void {
      const name = run.bindings["name"] ?? "";
      machine.services.delete(name);
      run.discover(`/services/${name}/state`, "STOP");
    }
    return {
      mutations: {
        find: stop,
        start,
        restart: start,
        apply: start,
        stop,
        "stop-outdated": stop,
        clear: stop,
        "find-drained": (run) => run.discover("/drained", "NO"),
        drain: (run) => {
          for (const name of [...machine.services.keys()]) {
            machine.services.delete(name);
            run.discover(`/services/${name}/state`, "STOP");
          }
          run.discover("/drained", "YES");
        },
        resume: (run) => run.discover("/drained", "NO"),
      },
    };
  });
}
