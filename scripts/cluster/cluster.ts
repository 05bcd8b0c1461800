import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type How, programCommand } from "../runtimes.ts";
import { type Running, startProgram } from "./process.ts";

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

/** What a cluster of real processes is made of. */
export interface ClusterOptions {
  /** Where its data, logs and run directories go. */
  readonly folder: string;
  readonly cluster: string;
  /** The aggregator's name. */
  readonly aggregator: string;
  /** The names of its simulated machines, with ids where the inventory states them. */
  readonly machines: readonly { readonly name: string; readonly id?: string }[];
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
  /** How long a lost link may take to come back, such as "2s". */
  readonly grace: string;
  readonly signal?: AbortSignal;
}

/** A cluster of real processes: an aggregator, and the simulated machines with their BMCs. */
export interface Cluster {
  readonly folder: string;
  /** Where the aggregator's API is, such as `http://127.0.0.1:3141`. */
  readonly api: string;
  /** Where the broker is, such as `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  /** Where the simulated BMCs are. */
  readonly bmc: string;
  aggregator: Running;
  simulator: Running;
  /** Starts the aggregator again, on the same ports, after it was stopped or killed. */
  restartAggregator(): Promise<void>;
  /** Starts the simulated machines again, on the same port: all of them are off. */
  restartSimulator(): Promise<void>;
  /** Ends every process, agents included. */
  stop(): Promise<void>;
}

/** Starts an aggregator and the simulated machines. All of them die with this process. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  mkdirSync(options.folder, { recursive: true });
  const how = options.how ?? "source";
  const signal = options.signal === undefined ? {} : { signal: options.signal };

  async function startAggregator(httpPort: number, mqttPort: number): Promise<Running> {
    const env = options.broker === undefined ? {} : { KRAKEN_BROKER: options.broker };
    return await startProgram({
      env,
      pidFile: join(options.folder, "aggregator.pid"),
      command: [
        ...programCommand("aggregator", how === "bundle-node" || how === "binary-sea" ? "source" : how),
        ...["--cluster", options.cluster, "--name", options.aggregator, "--data", join(options.folder, "aggregator")],
        ...["--http-port", String(httpPort), "--mqtt-port", String(mqttPort), "--grace", options.grace],
      ],
      logFile: join(options.folder, "aggregator.log"),
      ...signal,
    });
  }

  const aggregator = await startAggregator(options.httpPort, options.mqttPort);
  try {
    const httpPort = Number(aggregator.ready.http);
    const mqttPort = options.broker === undefined ? Number(aggregator.ready.mqtt) : options.mqttPort;
    const broker = options.broker ?? `mqtt://127.0.0.1:${mqttPort}`;
    const simulator = await startSimulator(options, how, broker, options.bmcPort);
    const bmcPort = Number(simulator.ready.port);
    const cluster: Cluster = {
      folder: options.folder,
      api: `http://127.0.0.1:${httpPort}`,
      broker,
      bmc: `http://127.0.0.1:${bmcPort}`,
      aggregator,
      simulator,
      async restartAggregator() {
        cluster.aggregator = await startAggregator(httpPort, mqttPort);
      },
      async restartSimulator() {
        cluster.simulator = await startSimulator(options, how, broker, bmcPort);
      },
      async stop() {
        await Promise.all([cluster.aggregator.stop(), cluster.simulator.stop()]);
      },
    };
    return cluster;
  } catch (error) {
    await aggregator.kill();
    throw error;
  }
}

async function startSimulator(options: ClusterOptions, how: How, broker: string, port: number): Promise<Running> {
  const config = join(options.folder, "simulator.json");
  writeFileSync(
    config,
    JSON.stringify({
      cluster: options.cluster,
      systems: options.machines.map(({ name, id }) => ({ name, id: id ?? nodeIdOf(options.cluster, name) })),
      agent: { command: options.agentCommand ?? programCommand("agent", how) },
      broker,
      parent: nodeIdOf(options.cluster, options.aggregator),
      runDir: join(options.folder, "machines"),
      ...options.behaviour,
    }),
    { mode: 0o600 }, // the broker's URL may have a password in it
  );
  const simulatorHow = how === "binary-sea" || how === "bundle-node" ? "source" : how;
  return await startProgram({
    command: [
      ...programCommand("simulator", simulatorHow),
      ...["--config", config, "--port", String(port)],
    ],
    pidFile: join(options.folder, "simulator.pid"),
    logFile: join(options.folder, "simulator.log"),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}
