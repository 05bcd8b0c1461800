import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as v from "valibot";
import { type AggregatorBelow, type Behaviour, type Cluster, startCluster } from "../../scripts/cluster/cluster.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { createApi, type ListedNode } from "../../scripts/cluster/api.ts";
import { DENO_CONFIG, denoPath, type How, ROOT } from "../../scripts/runtimes.ts";
import { nodeIdOf } from "../../src/state/mod.ts";

/** Machines that boot at once and never fail by themselves: what a test wants to go wrong, it does. */
export const steady: Behaviour = {
  seed: 7,
  bootDelay: { min: 10, mode: 50, max: 200 },
  resetDelay: { min: 5, mode: 20, max: 60 },
  failProbability: 0,
  hangProbability: 0,
};

/** The desired state of every node of a lab. */
export const SYNC = {
  platform: "sim",
  parent: "root",
  physState: "POWER_ON",
  runState: "SYNC",
  services: {
    beat: { state: "RUN", config: { command: "sh", args: ["-c", "while :; do sleep 1; done"] } },
  },
};

/** A cluster of real processes for one test. */
export interface Lab {
  readonly cluster: Cluster;
  readonly names: readonly string[];
  nodes(): Promise<readonly ListedNode[]>;
  node(name: string): Promise<ListedNode>;
  /** Any request to the API, that of the root by default: its status and body. */
  request(method: string, path: string, body?: unknown, api?: string): Promise<{ status: number; body: unknown }>;
  /** Asks for {@link SYNC} on every node. */
  askForSync(): Promise<void>;
  converge(limitMs?: number): Promise<void>;
  /** How often a machine was powered on and off so far. */
  power(name: string): Promise<{ powerOn: number; powerOff: number; resets: number }>;
  /** The process of a node's agent. */
  agentPid(name: string): number;
}

const countersShape = v.object({ powerOn: v.number(), powerOff: v.number(), resets: v.number() });

/** Runs a test on a cluster of its own, which ends with it, whatever happens. Logs are printed when it fails. */
export async function withLab(
  options: {
    readonly count: number;
    /** The name of each node, by its place. @default n1, n2 ... */
    readonly nameOf?: (place: number) => string;
    readonly how?: How;
    readonly agentCommand?: readonly string[];
    readonly broker?: string;
    /** Where the root publishes its state, and which single values. */
    readonly publish?: { readonly to: string; readonly values?: string };
    readonly nodeMetrics?: boolean;
    readonly below?: readonly AggregatorBelow[];
    /** The aggregator of each node, where that is not the root. */
    readonly parents?: ReadonlyMap<string, string>;
    readonly behaviour?: Partial<Behaviour>;
    /** How often the power of machines is looked at, in milliseconds. @default 250 */
    readonly poll?: number;
  },
  run: (lab: Lab) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-e2e-"));
  const names = Array.from({ length: options.count }, (_, place) => options.nameOf?.(place) ?? `n${place + 1}`);
  const clusterName = "lab";
  try {
    const cluster = await startCluster({
      folder,
      cluster: clusterName,
      aggregator: "root",
      machines: names.map((name) => {
        const parent = options.parents?.get(name);
        return parent === undefined ? { name } : { name, parent };
      }),
      ...(options.below === undefined ? {} : { below: options.below }),
      behaviour: { ...steady, ...options.behaviour },
      ...(options.how === undefined ? {} : { how: options.how }),
      ...(options.agentCommand === undefined ? {} : { agentCommand: options.agentCommand }),
      ...(options.broker === undefined ? {} : { broker: options.broker }),
      ...(options.publish === undefined ? {} : { publish: options.publish }),
      nodeMetrics: options.nodeMetrics === true,
      httpPort: 0,
      mqttPort: 0,
      bmcPort: 0,
      grace: "2s",
    });
    try {
      const lab = labOf(cluster, names);
      await createApi(cluster.api).apply([{
        name: "root",
        cfg: { services: { simpower: { config: { endpoint: cluster.bmc, poll: options.poll ?? 250 } } } },
      }]);
      await run(lab);
    } finally {
      await cluster.stop();
    }
  } catch (error) {
    printLogs(folder);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function labOf(cluster: Cluster, names: readonly string[]): Lab {
  const api = createApi(cluster.api);
  const lab: Lab = {
    cluster,
    names,
    nodes: api.nodes,
    async node(name) {
      const node = (await api.nodes()).find((each) => each.name === name);
      if (node === undefined) throw new RangeError(`No node '${name}'`);
      return node;
    },
    async request(method, path, body, at = cluster.api) {
      const response = await fetch(`${at}/api/v1${path}`, {
        method,
        headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      return { status: response.status, body: await response.json() };
    },
    askForSync: () => api.apply(names.map((name) => ({ name, id: nodeIdOf("lab", name), cfg: SYNC }))),
    async converge(limitMs = 60_000) {
      await waitFor("every node has converged", async () => {
        const nodes = await api.nodes();
        const left = nodes.filter(({ phase }) => phase !== "converged");
        if (nodes.length === names.length && left.length === 0) return true;
        throw new Error(left.map(({ name, phase, reason }) => `${name} ${phase} ${reason}`).join("; "));
      }, { limit: limitMs });
    },
    async power(name) {
      const path = `/redfish/v1/Systems/${name}/Oem/Kraken.Simulate`;
      const response = await fetch(`${cluster.bmc}${path}`, { signal: AbortSignal.timeout(10_000) });
      return v.parse(countersShape, await response.json());
    },
    agentPid(name) {
      const found = processes().find(({ command }) =>
        command.includes("--id") && command.includes(nodeIdOf("lab", name)) &&
        command.some((argument) => argument.startsWith(cluster.folder)) // another lab may run on this machine
      );
      if (found === undefined) throw new Error(`No agent of '${name}' runs`);
      return found.pid;
    },
  };
  return lab;
}

/** Every process of this machine that can be seen, with its command line. */
export function processes(): { pid: number; command: string[] }[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0") }];
    } catch {
      return []; // it has just ended
    }
  });
}

/** The command that runs the demo on ports that are free, with more arguments. */
export function demoCommand(...args: string[]): [file: string, ...args: string[]] {
  const free = ["--http-port", "0", "--mqtt-port", "0", "--bmc-port", "0"];
  const main = join(ROOT, "scripts/demo/main.ts");
  return [denoPath(), "run", "-A", "--quiet", "--no-check", "--config", DENO_CONFIG, main, ...free, ...args];
}

function printLogs(folder: string): void {
  const below = existsSync(join(folder, "aggregators"))
    ? readdirSync(join(folder, "aggregators")).filter((name) => name.endsWith(".log"))
    : [];
  for (const name of ["aggregator.log", ...below.map((each) => join("aggregators", each)), "simulator.log"]) {
    try {
      process.stderr.write(`--- ${name}\n${readFileSync(join(folder, name), "utf8").slice(-4000)}\n`);
    } catch {
      // It was never written: the program did not get that far.
    }
  }
}
