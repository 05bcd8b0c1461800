import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type How, programCommand } from "../runtimes.ts";
import { type Running, startKraken } from "./process.ts";

/** A time that is drawn for each event: a triangular distribution, in milliseconds. */
export interface Spread {
  readonly min: number;
  readonly mode: number;
  readonly max: number;
}

/** How the simulated machines behave. */
export interface Behaviour {
  readonly seed: number;
  /** From power-on to the start of the agent. */
  readonly bootDelay: Spread;
  /** From a reset request to the change of power. */
  readonly resetDelay: Spread;
  /** How often a reset is answered with an error: 0 to 1. */
  readonly failProbability: number;
  /** How often a boot hangs for ever: 0 to 1. */
  readonly hangProbability: number;
}

/** An aggregator below the root. */
export interface AggregatorBelow {
  readonly name: string;
  /** The name of its parent: the root, or one that is listed before it. */
  readonly parent: string;
  /** The name of the one for which it offers to stand by. */
  readonly standbyFor?: string;
  /** The broker of its children; absent: an embedded one of its own. */
  readonly broker?: string;
  /** The broker over which its parent is reached; absent: its parent's. */
  readonly uplink?: string;
}

/** What a cluster of real processes is made of. */
export interface ClusterOptions {
  /** Where its data, logs and run directories go. */
  readonly folder: string;
  readonly cluster: string;
  /** The root aggregator's name. */
  readonly aggregator: string;
  /** Aggregators below it. @default none */
  readonly below?: readonly AggregatorBelow[];
  /** The simulated machines, with ids where the inventory states them, and the aggregators that serve them: by default the root. */
  readonly machines: readonly { readonly name: string; readonly id?: string; readonly parent?: string }[];
  readonly behaviour: Behaviour;
  /** What programs are started from. @default "source" */
  readonly how?: How;
  /** What the machines' agents are started with, where that differs. */
  readonly agentCommand?: readonly string[];
  /** Ports; 0 takes any that is free. */
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly bmcPort: number;
  /** Another broker than the embedded one. */
  readonly broker?: string;
  /** Where the root publishes its state, as `--publish` has it, and which single values. @default nowhere */
  readonly publish?: { readonly to: string; readonly values?: string };
  /** Whether the root's nodes have metrics of their own. @default false */
  readonly nodeMetrics?: boolean;
  /** How long a lost link may take to come back, such as "2s". */
  readonly grace: string;
  readonly signal?: AbortSignal;
}

/** One aggregator that runs. */
export interface RunningAggregator {
  readonly name: string;
  readonly api: string;
  readonly broker: string;
  running: Running;
  /** Starts it again, on the same ports, after it was stopped or killed. */
  restart(): Promise<void>;
}

/** A cluster of real processes: aggregators, and the simulated machines with their BMCs. */
export interface Cluster {
  readonly folder: string;
  /** Where the aggregator's API is, such as `http://127.0.0.1:3141`. */
  readonly api: string;
  /** Where the broker is, such as `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  /** Where the simulated BMCs are. */
  readonly bmc: string;
  /** The root aggregator. */
  readonly aggregator: Running;
  /** All aggregators by name, the root first. */
  readonly aggregators: ReadonlyMap<string, RunningAggregator>;
  simulator: Running;
  /** Starts the root aggregator again, on the same ports, after it was stopped or killed. */
  restartAggregator(): Promise<void>;
  /** Starts the simulated machines again, on the same port: all of them are off. */
  restartSimulator(): Promise<void>;
  /** Ends every process, agents included. */
  stop(): Promise<void>;
}

/** Starts the aggregators and the simulated machines. All of them die with this process. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  mkdirSync(options.folder, { recursive: true });
  const aggregators = new Map<string, RunningAggregator>();
  try {
    const root = await startAggregator(options, {
      name: options.aggregator,
      folder: "aggregator",
      broker: options.broker,
      ports: { http: options.httpPort, mqtt: options.mqttPort },
    });
    aggregators.set(root.name, root);
    for (const below of options.below ?? []) {
      const parent = aggregators.get(below.parent);
      if (parent === undefined) {
        throw new RangeError(`No aggregator '${below.parent}' was started before '${below.name}'`);
      }
      const made = await startAggregator(options, {
        ...below,
        folder: join("aggregators", below.name),
        broker: below.broker,
        uplink: below.uplink ?? parent.broker,
        ports: { http: 0, mqtt: 0 },
      });
      aggregators.set(made.name, made);
    }
    const how = options.how ?? "source";
    const simulator = await startSimulator(options, how, aggregators, options.bmcPort);
    const bmcPort = Number(simulator.ready.port);
    const cluster: Cluster = {
      folder: options.folder,
      api: root.api,
      broker: root.broker,
      bmc: `http://127.0.0.1:${bmcPort}`,
      get aggregator() {
        return root.running;
      },
      aggregators,
      simulator,
      restartAggregator: root.restart,
      async restartSimulator() {
        cluster.simulator = await startSimulator(options, how, aggregators, bmcPort);
      },
      async stop() {
        await Promise.all([
          cluster.simulator.stop(),
          ...[...aggregators.values()].map(({ running }) => running.stop()),
        ]);
      },
    };
    return cluster;
  } catch (error) {
    await Promise.all([...aggregators.values()].map(({ running }) => running.kill()));
    throw error;
  }
}

/** How one aggregator is started. */
interface AggregatorStart {
  readonly name: string;
  /** Its folder within the cluster's. */
  readonly folder: string;
  readonly parent?: string;
  readonly standbyFor?: string;
  readonly broker: string | undefined;
  readonly uplink?: string;
  readonly ports: { readonly http: number; readonly mqtt: number };
}

async function startAggregator(options: ClusterOptions, start: AggregatorStart): Promise<RunningAggregator> {
  const how = options.how ?? "source";
  const { broker, uplink } = start;
  const publish = start.parent === undefined ? options.publish : undefined;
  function launch(ports: AggregatorStart["ports"]): Promise<Running> {
    return startKraken({
      // Their URLs may have passwords in them, which command lines would show to everyone.
      env: {
        ...(broker !== undefined && { KRAKEN_BROKER: broker }),
        ...(uplink !== undefined && { KRAKEN_UPLINK: uplink }),
        ...(publish !== undefined && { KRAKEN_PUBLISH: publish.to }),
      },
      pidFile: join(options.folder, `${start.folder}.pid`),
      command: [
        ...programCommand("aggregator", how === "bundle-node" || how === "binary-sea" ? "source" : how),
        ...["--cluster", options.cluster, "--name", start.name, "--data", join(options.folder, start.folder)],
        ...["--http-port", String(ports.http), "--mqtt-port", String(ports.mqtt), "--grace", options.grace],
        ...(start.parent === undefined ? [] : ["--parent", start.parent]),
        ...(start.standbyFor === undefined ? [] : ["--standby-for", start.standbyFor]),
        ...(options.nodeMetrics === true && start.parent === undefined ? ["--node-metrics"] : []),
        ...(publish?.values === undefined ? [] : ["--publish-values", publish.values]),
      ],
      logFile: join(options.folder, `${start.folder}.log`),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }
  const first = await launch(start.ports);
  const ports = { http: Number(first.ready.http), mqtt: broker === undefined ? Number(first.ready.mqtt) : 0 };
  const made: RunningAggregator = {
    name: start.name,
    api: `http://127.0.0.1:${ports.http}`,
    broker: broker ?? `mqtt://127.0.0.1:${ports.mqtt}`,
    running: first,
    async restart() {
      made.running = await launch(ports);
    },
  };
  return made;
}

async function startSimulator(
  options: ClusterOptions,
  how: How,
  aggregators: ReadonlyMap<string, RunningAggregator>,
  port: number,
): Promise<Running> {
  function sourceOf(parent: string): { broker: string; parent: string } {
    const aggregator = aggregators.get(parent);
    if (aggregator === undefined) throw new RangeError(`No aggregator '${parent}' was started for its machines`);
    return { broker: aggregator.broker, parent: nodeIdOf(options.cluster, parent) };
  }
  const config = join(options.folder, "simulator.json");
  writeFileSync(
    config,
    JSON.stringify({
      cluster: options.cluster,
      systems: options.machines.map(({ name, id, parent }) => ({
        name,
        id: id ?? nodeIdOf(options.cluster, name),
        ...(parent !== undefined && sourceOf(parent)),
      })),
      agent: { command: options.agentCommand ?? programCommand("agent", how) },
      ...sourceOf(options.aggregator),
      runDir: join(options.folder, "machines"),
      ...options.behaviour,
    }),
    { mode: 0o600 }, // the broker's URL may have a password in it
  );
  const simulatorHow = how === "binary-sea" || how === "bundle-node" ? "source" : how;
  return await startKraken({
    command: [
      ...programCommand("simulator", simulatorHow),
      ...["--config", config, "--port", String(port)],
    ],
    pidFile: join(options.folder, "simulator.pid"),
    logFile: join(options.folder, "simulator.log"),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}
