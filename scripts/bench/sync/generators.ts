import { join } from "node:path";
import { GENERATOR } from "./generator/commands.ts";
import { type Peer, startPeer } from "./peer.ts";
import { CLUSTER, type Topology } from "./topology.ts";

/** The most agents of one process. */
const PER_PROCESS = 2500;

/** How many agents each generator gets: as even as can be. */
export function splitAgents(agents: number): number[] {
  const processes = Math.ceil(agents / PER_PROCESS);
  return Array.from({ length: processes }, (_, place) => Math.floor((agents + place) / processes));
}

/** Starts the generators and gives them their agents, which stay silent. */
export async function startGenerators(
  topology: Topology,
  options: { readonly split: readonly number[]; readonly folder: string; readonly signal: AbortSignal },
  closers: (() => Promise<void>)[],
): Promise<Peer[]> {
  const { api } = topology;
  const generators: Peer[] = [];
  let first = 0;
  for (const [place, count] of options.split.entries()) {
    const peer = await startPeer({
      file: "generator/main.ts",
      logFile: join(options.folder, `generator-${place}.log`),
      signal: options.signal,
    });
    closers.push(peer.stop);
    for (const join of topology.joins) {
      const from = Math.max(first, join.first);
      const to = Math.min(first + count, join.first + join.count);
      if (from >= to) continue;
      const { parent, url: broker } = join;
      await peer.ask(GENERATOR.prepare, { cluster: CLUSTER, parent, broker, api, first: from, count: to - from });
    }
    first += count;
    generators.push(peer);
  }
  return generators;
}
