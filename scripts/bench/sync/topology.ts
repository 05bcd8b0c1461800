import { join } from "node:path";
import { openSqliteStore } from "../../../aggregator/store/mod.ts";
import { nodeIdOf } from "../../../src/state/mod.ts";
import { type Running, startProgram } from "../../cluster/process.ts";
import { programCommand } from "../../runtimes.ts";
import { createApi } from "./api.ts";
import { nodeName } from "./generator/commands.ts";
import { type BrokerProcess, startMosquitto } from "./mosquitto.ts";
import type { BrokerKind } from "./options.ts";
import { readMemory } from "./process_stats.ts";

/** The cluster's name. */
export const CLUSTER = "bench";
const ROOT_NAME = "root";
/** How long memory is left to settle before it is read, in milliseconds. */
const SETTLE = 2_000;

/** A root that knows its nodes and has heard of none of their agents, with its broker. */
export interface Topology {
  readonly root: Running;
  /** Where the root's API is. */
  readonly api: string;
  /** The UUID of the aggregator that agents join, and the broker they reach it through. */
  readonly parent: string;
  readonly url: string;
  /** Undefined where the root has its own. */
  readonly broker: BrokerProcess | undefined;
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
    readonly broker: BrokerKind;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
  closers: (() => Promise<void>)[],
): Promise<Topology> {
  const { folder, signal } = options;
  const broker = options.broker === "mosquitto" ? await startMosquitto(join(folder, "broker"), signal) : undefined;
  if (broker !== undefined) closers.push(broker.stop);
  const data = join(folder, "root");

  async function startRoot(): Promise<Running> {
    const root = await startProgram({
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
  const numbers = Array.from({ length: options.agents }, (_, number) => number);
  const first = await startRoot();
  await new Promise((resolve) => setTimeout(resolve, SETTLE));
  const emptyMemory = readMemory(first.pid);
  const applying = performance.now();
  await createApi(apiOf(first)).apply(
    numbers.map((number) => ({ name: nodeName(number), cfg: { platform: "bench", parent: ROOT_NAME } })),
  );
  const applyMs = performance.now() - applying;
  await first.stop();
  await notePower(data, numbers.map((number) => nodeIdOf(CLUSTER, nodeName(number))));
  const starting = performance.now();
  const root = await startRoot();
  return {
    ...{ root, broker, emptyMemory, applyMs },
    startMs: performance.now() - starting,
    api: apiOf(root),
    parent: nodeIdOf(CLUSTER, ROOT_NAME),
    url: broker?.url ?? `mqtt://127.0.0.1:${Number(root.ready["mqtt"])}`,
  };
}

function apiOf(root: Running): string {
  return `http://127.0.0.1:${Number(root.ready["http"])}`;
}

async function notePower(data: string, ids: readonly string[]): Promise<void> {
  const store = await openSqliteStore(data);
  try {
    const wanted = new Set(ids);
    const on = new Map([["/physState", { value: "POWER_ON", version: [1, 1] as const }]]);
    const documents = store.load().documents.filter(({ id }) => wanted.has(id))
      .map((document) => ({ ...document, facets: { ...document.facets, parent: on } }));
    store.commit({ documents: documents.map((document) => ({ document, facets: ["parent"] })) });
  } finally {
    store.close();
  }
}
