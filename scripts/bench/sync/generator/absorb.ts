import type { LoadAgent } from "./load_agent.ts";
import { CHANGED } from "./self_facet.ts";

/** How long the last changes may take to be acknowledged, in milliseconds. */
const DRAIN_LIMIT = 60_000;

/** What agents got through. */
export interface Absorbed {
  /** Changes that were acknowledged while it lasted. */
  readonly acked: number;
  /** How long that was, in milliseconds. */
  readonly ms: number;
  /** Agents whose last change was not acknowledged long after. */
  readonly unacked: number;
  /** Changes of those agents whose bytes are counted, and these bytes. */
  readonly weighedChanges: number;
  readonly weighedBytes: number;
}

/**
 * Lets every agent change one value, and again as soon as that is acknowledged, for some time. Each change is a frame: the
 * link sends one every 100 ms at most, so that one agent makes up to 10 changes a second.
 */
export async function absorb(agents: readonly LoadAgent[], ms: number): Promise<Absorbed> {
  const start = performance.now();
  const before = weigh(agents);
  let acked = 0;
  let weighedChanges = 0;
  let over = false;
  let busy = agents.length;
  let drained = (): void => {};

  for (const agent of agents) {
    let value = Number(agent.discovered(CHANGED) ?? 0);
    const change = () => agent.discover(new Map([[CHANGED, ++value]]));
    agent.onAcked = () => {
      if (agent.weighed) weighedChanges++;
      if (!over) {
        acked++;
        return change();
      }
      agent.onAcked = undefined;
      if (--busy === 0) drained();
    };
    change();
  }
  await new Promise((resolve) => setTimeout(resolve, ms));
  over = true;
  const took = performance.now() - start;
  if (busy > 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DRAIN_LIMIT);
      drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  for (const agent of agents) agent.onAcked = undefined;
  return { acked, ms: took, unacked: busy, weighedChanges, weighedBytes: weigh(agents) - before };
}

function weigh(agents: readonly LoadAgent[]): number {
  return agents.reduce((sum, agent) => sum + agent.counts.bytes, 0);
}
