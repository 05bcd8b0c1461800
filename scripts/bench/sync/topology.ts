import { join } from "node:path";
import { openSqliteStore } from "../../../aggregator/store/mod.ts";
import { ProgramError } from "../../../src/cli/mod.ts";
import { nodeIdOf } from "../../../src/state/mod.ts";
import type { Broker } from "../../brokers/broker.ts";
import { NO_MOSQUITTO, startMosquitto } from "../../brokers/mosquitto.ts";
import { type Running, startKraken } from "../../cluster/process.ts";
import { programCommand } from "../../runtimes.ts";
import { createApi } from "../../cluster/api.ts";
import { API_LIMIT, loadNodeName } from "./generator/commands.ts";
import type { BrokerKind } from "./options.ts";
import { readMemory } from "./process_stats.ts";
import { planTree } from "./tree.ts";

/** The cluster's name. */
export const CLUSTER = "bench";
const ROOT_NAME = "root";
/** How long memory is left to settle before it is read, in milliseconds. */
const SETTLE = 2_000;

/** Agents that join the same aggregator: those with the numbers from `first` on. */
export interface Join {
  /** The aggregator's UUID, and the broker over which it is reached. */
  readonly parent: string;
  readonly url: string;
  readonly first: number;
  readonly count: number;
}

/** A root that knows its nodes and has heard of none of their agents, with its broker. */
export interface Topology {
  readonly root: Running;
  /** Where the root's API is. */
  readonly api: string;
  /** The aggregators between the root and the agents; none with one tier. */
  readonly below: readonly Running[];
  /** Which agents join where. */
  readonly joins: readonly Join[];
  /** Undefined where the root has its own. */
  readonly broker: Broker | undefined;
  /** Resident memory of a root that has just started and has no nodes, in bytes. */
  readonly emptyMemory: number;
  /** How long the root took to make all nodes, and to start again with them, in milliseconds. */
  readonly applyMs: number;
  readonly startMs: number;
}

/**
 * Starts the broker and the root, makes the nodes over HTTP, and starts the root again with them.
 *
 * In between every node is noted as powered on, as if a BMC had said so: an agent's link means something only on a machine
 * that is on, and simulated BMCs would be measured too.
 *
 * @param closers What is started is put here as soon as it runs, to be ended in the reverse order.
 */
export async function startTopology(
  options: {
    readonly agents: number;
    readonly tiers: number;
    readonly broker: BrokerKind;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
  closers: (() => Promise<void>)[],
): Promise<Topology> {
  const { folder, signal } = options;
  if (options.broker === "mosquitto" && NO_MOSQUITTO !== undefined) throw new ProgramError(NO_MOSQUITTO);
  const broker = options.broker === "mosquitto"
    ? await startMosquitto({ folder: join(folder, "broker"), signal })
    : undefined;
  if (broker !== undefined) closers.push(broker.stop);
  const data = join(folder, "root");

  async function startRoot(): Promise<Running> {
    const root = await startKraken({
      command: [
        ...programCommand("aggregator", "source"),
        ...["--cluster", CLUSTER, "--name", ROOT_NAME, "--data", data, "--http-port", "0", "--mqtt-port", "0"],
      ],
      env: broker === undefined ? {} : { KRAKEN_BROKER: broker.url },
      logFile: join(folder, "root.log"),
      signal,
    });
    closers.push(root.stop);
    return root;
  }
  const tree = planTree(ROOT_NAME, options.tiers, options.agents);
  const numbers = Array.from({ length: options.agents }, (_, number) => number);
  const first = await startRoot();
  await new Promise((resolve) => setTimeout(resolve, SETTLE));
  const emptyMemory = readMemory(first.pid);
  const applying = performance.now();
  await createApi(apiOf(first), API_LIMIT).apply(
    [
      ...tree.aggregators.map(({ name, parent }) => ({ name, cfg: { role: "AGGREGATOR", parent } })),
      ...numbers.map((number) => ({
        name: loadNodeName(number),
        cfg: { platform: "bench", parent: tree.parentOf(number) },
      })),
    ],
  );
  const applyMs = performance.now() - applying;
  await first.stop();
  await notePower(data, numbers.map((number) => nodeIdOf(CLUSTER, loadNodeName(number))));
  const starting = performance.now();
  const root = await startRoot();
  const startMs = performance.now() - starting;
  const urls = new Map([[ROOT_NAME, broker?.url ?? `mqtt://127.0.0.1:${Number(root.ready["mqtt"])}`]]);
  const below: Running[] = [];
  for (const { name, parent } of tree.aggregators) {
    const running = await startKraken({
      command: [
        ...programCommand("aggregator", "source"),
        ...["--cluster", CLUSTER, "--name", name, "--data", join(folder, name), "--http-port", "0", "--mqtt-port", "0"],
        ...["--parent", parent],
      ],
      env: {
        ...(broker === undefined ? {} : { KRAKEN_BROKER: broker.url }),
        KRAKEN_UPLINK: urls.get(parent) ?? "",
      },
      logFile: join(folder, `${name}.log`),
      signal,
    });
    closers.push(running.stop);
    below.push(running);
    urls.set(name, broker?.url ?? `mqtt://127.0.0.1:${Number(running.ready["mqtt"])}`);
  }
  return {
    ...{ root, broker, emptyMemory, applyMs, startMs, below },
    api: apiOf(root),
    joins: joinsOf(numbers, tree.parentOf).map(({ name, ...join }) => ({
      ...join,
      parent: nodeIdOf(CLUSTER, name),
      url: urls.get(name) ?? "",
    })),
  };
}

/** Agents in the order of their numbers, by whom they join. */
function joinsOf(numbers: readonly number[], parentOf: (number: number) => string) {
  const joins: { name: string; first: number; count: number }[] = [];
  for (const number of numbers) {
    const last = joins.at(-1);
    if (last?.name === parentOf(number)) last.count++;
    else joins.push({ name: parentOf(number), first: number, count: 1 });
  }
  return joins;
}

function apiOf(root: Running): string {
  return `http://127.0.0.1:${Number(root.ready["http"])}`;
}

async function notePower(data: string, ids: readonly string[]): Promise<void> {
  const store = await openSqliteStore(data);
  try {
    const wanted = new Set(ids);
    const on = new Map([["/physState", { value: "POWER_ON", version: { assignment: 1, run: 1, rev: 1 } }]]);
    const documents = store.load().documents.filter(({ id }) => wanted.has(id))
      .map((document) => ({ ...document, facets: { ...document.facets, parent: on } }));
    store.commit({ documents: documents.map((document) => ({ document, facets: ["parent"] })) });
  } finally {
    store.close();
  }
}
