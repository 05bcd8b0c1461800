import type { LoadAgent } from "./load_agent.ts";
import { CHANGED } from "./self_facet.ts";

/**
 * Lets every agent change one value again and again, whatever is acknowledged, each at a moment of its own.
 *
 * @param every How often, in milliseconds.
 * @returns How many changes that were.
 */
export async function changeSteadily(
  agents: readonly LoadAgent[],
  ms: number,
  every: number,
): Promise<{ changes: number }> {
  let changes = 0;
  const timers: ReturnType<typeof setInterval>[] = [];
  const starts = agents.map((agent, place) =>
    setTimeout(() => {
      let value = Number(agent.discovered(CHANGED) ?? 0);
      const change = (): void => {
        changes++;
        agent.discover(new Map([[CHANGED, ++value]]));
      };
      change();
      timers.push(setInterval(change, every));
    }, (place * every) / agents.length)
  );
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (const timer of starts) clearTimeout(timer);
  for (const timer of timers) clearInterval(timer);
  return { changes };
}
