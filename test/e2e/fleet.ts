import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GENERATOR, loadNodeName } from "../../scripts/bench/sync/generator/commands.ts";
import { splitAgents } from "../../scripts/bench/sync/generators.ts";
import { type Peer, startPeer } from "../../scripts/bench/sync/peer.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { nodeIdOf } from "../../src/state/mod.ts";
import type { Lab } from "./lab.ts";

/** How long a fleet of any size may take for one step, in milliseconds. */
const LIMIT = 480_000;

/** Real links of many agents, in a few processes, with a real aggregator and simulated machines. */
export interface Fleet {
  /** How many links are level, and how often agents were born so far. */
  counts(): Promise<{ readonly level: number; readonly births: number; readonly retransmits: number }>;
  /** Every agent discovers something once a second for so long. @returns How many discoveries that were. */
  report(ms: number): Promise<number>;
  /** How many nodes the root does not have as their agents have said last. */
  wrong(): Promise<number>;
  inSync(): Promise<number>;
  /** How often every machine was powered on, off and reset. */
  powers(): Promise<unknown>;
}

/** Runs something with the fleet of a lab, of which all nodes are in SYNC; ends its processes, whatever happens. */
export async function withFleet(lab: Lab, run: (fleet: Fleet) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-fleet-"));
  const closing = new AbortController();
  const peers: Peer[] = [];
  const count = lab.names.length;
  const fleet: Fleet = {
    async counts() {
      const all = await Promise.all(peers.map((peer) => peer.ask(GENERATOR.counts, {})));
      const sum = (of: (each: typeof all[number]) => number) => all.reduce((total, each) => total + of(each), 0);
      return {
        level: sum(({ level }) => level),
        births: sum(({ births }) => births),
        retransmits: sum(({ retransmits }) => retransmits),
      };
    },
    async report(ms) {
      const all = await Promise.all(peers.map((peer) => peer.ask(GENERATOR.steady, { ms })));
      return all.reduce((total, { changes }) => total + changes, 0);
    },
    async wrong() {
      const all = await Promise.all(peers.map((peer) => peer.ask(GENERATOR.verify, {})));
      return all.reduce((total, { wrong }) => total + wrong, 0);
    },
    inSync: async () => (await lab.nodes()).filter(({ runState }) => runState === "SYNC").length,
    async powers() {
      const all: unknown[] = [];
      for (let at = 0; at < count; at += 50) {
        all.push(...await Promise.all(lab.names.slice(at, at + 50).map((name) => lab.power(name))));
      }
      return all;
    },
  };
  try {
    await lab.askForSync();
    await waitFor("all machines are on", async () => {
      return (await lab.nodes()).every(({ physState }) => physState === "POWER_ON");
    }, { limit: LIMIT, every: 500 });
    let first = 0;
    for (const [place, part] of splitAgents(count).entries()) {
      const logFile = join(folder, `generator-${place}.log`);
      const peer = await startPeer({ file: "generator/main.ts", logFile, signal: closing.signal });
      peers.push(peer);
      await peer.ask(GENERATOR.prepare, {
        ...{ cluster: "lab", parent: nodeIdOf("lab", "root"), broker: lab.cluster.broker, api: lab.cluster.api },
        ...{ first, count: part },
      });
      first += part;
    }
    await Promise.all(peers.map((peer) => peer.ask(GENERATOR.start, { limit: LIMIT })));
    await waitFor("all nodes are in SYNC", async () => await fleet.inSync() === count, { limit: LIMIT, every: 500 });
    await run(fleet);
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    closing.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The name of the node at a place, as the generators of links have it. */
export const nameOf = loadNodeName;
