import { createLive, type Terminal } from "../../src/cli/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { pause } from "../../src/toolkit/mod.ts";
import type { Api } from "../cluster/api.ts";
import { renderProgress } from "./progress.ts";

/** How often the nodes are looked at, in milliseconds. */
const EVERY = 300;

/**
 * Shows how nodes get on, until all of them have converged, the limit is over, or the signal fires.
 *
 * @returns Whether all of them have converged.
 */
export async function followNodes(
  api: Api,
  options: { readonly terminal: Terminal; readonly limit: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { limit, signal } = options;
  const live = createLive(options.terminal, systemClock);
  const started = performance.now();
  try {
    for (;;) {
      // An aggregator that was killed does not answer until it is started again.
      const nodes = await api.nodes().catch(() => undefined);
      const elapsed = performance.now() - started;
      live.show(nodes === undefined ? ["The aggregator does not answer"] : renderProgress(nodes, elapsed));
      if (nodes?.every(({ phase }) => phase === "converged") === true) return true;
      if (elapsed > limit || signal.aborted) return false;
      await pause(systemClock, EVERY, signal).catch(() => {}); // the loop ends with the signal
    }
  } finally {
    live.end();
  }
}
