import { systemClock } from "../../src/clock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { errorText, pause } from "../../src/toolkit/mod.ts";

/** How often processes are looked after, in milliseconds. */
const EVERY = 200;

/**
 * Starts the aggregator and the simulated machines again when they end, as a supervisor would.
 *
 * @returns Ends it, and resolves when nothing is being started any more.
 */
export function supervise(cluster: Cluster, say: (line: string) => void): () => Promise<void> {
  const ending = new AbortController();
  async function look(): Promise<void> {
    while (!ending.signal.aborted) {
      for (const { name, running, restart: again } of cluster.aggregators.values()) {
        await restart(`aggregator '${name}'`, running.running, again);
      }
      await restart("simulator of the machines", cluster.simulator.running, cluster.restartSimulator);
      await pause(systemClock, EVERY, ending.signal).catch(() => {}); // the loop ends with the signal
    }
  }
  async function restart(what: string, running: boolean, start: () => Promise<void>): Promise<void> {
    if (running || ending.signal.aborted) return;
    say(`The ${what} has ended: starting it again`);
    try {
      await start();
    } catch (error) {
      say(`Cannot start the ${what}: ${errorText(error)}`);
    }
  }
  const done = look();
  return async () => {
    ending.abort();
    await done;
  };
}
