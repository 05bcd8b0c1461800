import { readFileSync } from "node:fs";
import process from "node:process";
import { GENERATOR, loadNodeName } from "../../scripts/bench/sync/generator/commands.ts";
import type { Peer } from "../../scripts/bench/sync/peer.ts";
import type { Broker } from "../../scripts/brokers/broker.ts";
import { createApi } from "../../scripts/cluster/api.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import { type Lab, SYNC, withLab } from "./lab.ts";
import { NO_AGENT, withLinks } from "./links_lab.ts";

/** A root and a rack below it on one Mosquitto, and real links of agents: half of them to each. All are level. */
export interface PressureLab {
  readonly lab: Lab;
  readonly broker: Broker;
  /** Has the agents. */
  readonly generator: Peer;
  readonly root: string;
  /** The rack's API; {@link PressureLab.root} the root's. */
  readonly rack: string;
  /** Sets the cfg of all nodes, with a note in it. */
  apply(note: string): Promise<void>;
  /** Waits until all links are level, and the root has the newest value of every agent. */
  level(): Promise<void>;
}

/** Runs a test on a {@link PressureLab} of its own, which ends with it, whatever happens. */
export async function withPressure(agents: number, run: (lab: PressureLab) => Promise<void>): Promise<void> {
  await withLinks(async (broker, generator) => {
    const names = Array.from({ length: agents }, (_, place) => loadNodeName(place));
    const below = [{ name: "rack", parent: "root", broker: broker.url }];
    const parents = new Map(names.slice(agents / 2).map((name) => [name, "rack"]));
    const options = { below, parents, broker: broker.url, agentCommand: NO_AGENT };
    await withLab({ ...options, count: agents, nameOf: loadNodeName }, async (lab) => {
      const pressed = pressureLab(lab, broker, generator);
      await start(pressed);
      await run(pressed);
    });
  });
}

function pressureLab(lab: Lab, broker: Broker, generator: Peer): PressureLab {
  const root = lab.cluster.api;
  const half = lab.names.length / 2;
  return {
    ...{ lab, broker, generator, root },
    rack: lab.cluster.aggregators.get("rack")?.api ?? "",
    apply: (note) =>
      createApi(root).apply(lab.names.map((name, place) => ({
        ...{ name, id: nodeIdOf("lab", name) },
        cfg: { ...SYNC, parent: place < half ? "root" : "rack", rack: note },
      }))),
    async level() {
      await waitFor("all links are level", async () => {
        return (await generator.ask(GENERATOR.counts, {})).level === lab.names.length;
      });
      await waitFor("the root has the newest values", async () => {
        const { wrong } = await generator.ask(GENERATOR.verify, {});
        if (wrong > 0) throw new Error(`${wrong} are not`);
        return true;
      }, { every: 250 });
    },
  };
}

async function start({ lab, broker, generator, root, apply, level }: PressureLab): Promise<void> {
  const config = { endpoint: lab.cluster.bmc, poll: 250 };
  const cfg = { role: "AGGREGATOR", parent: "root", services: { simpower: { config } } };
  await createApi(root).apply([{ name: "rack", cfg }]);
  await apply("first");
  await waitFor("all machines are on", async () => {
    return (await lab.nodes()).every(({ physState }) => physState === "POWER_ON");
  }, { limit: 60_000 });
  const half = lab.names.length / 2;
  for (const [parent, first] of [["root", 0], ["rack", half]] as const) {
    await generator.ask(GENERATOR.prepare, {
      ...{ cluster: "lab", parent: nodeIdOf("lab", parent), broker: broker.url, api: root },
      ...{ first, count: half },
    });
  }
  await generator.ask(GENERATOR.start, { limit: 30_000 });
  await level();
}

/** The figures of an aggregator's `/metrics`, by name and labels. */
export async function metricsOf(api: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${api}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  return new Map([...text.matchAll(/^kraken_(\S+) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]));
}

/** The memory of a process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** Lets a process stand still (SIGSTOP) until what is to be done meanwhile is done. */
export async function whileStopped(pid: number, run: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await run();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
