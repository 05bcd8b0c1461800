import type { Clock } from "../../src/clock.ts";
import type { Changes } from "../dispatch/changes.ts";
import { dropOldest, fullBucket, hasTokens, type Rate, type TokenBucket } from "../../src/toolkit/mod.ts";

/**
 * How many runs of a writer are believed that nobody here has counted: a run begins no more often than once a second, and a store
 * that was lost, or a link that was down for long, makes for many at once. At this rate 2^32 runs are used up in 136 years.
 */
const RATE: Rate = { burst: 100_000, perSecond: 1 };
/** The most writers that are remembered as having counted on by themselves. */
const MAX_REMEMBERED = 10_000;

/** Bounds how far a writer's runs may go on by its own word: what is used up here its successor lacks. */
export interface RunBudget {
  /**
   * Believes in runs that nobody here has counted, if so many are left for this writer under this assignment.
   *
   * @param facet What is written of the node.
   * @returns Whether they are believed: then they are spent.
   */
  spend(id: string, facet: "parent" | "self", assignment: number, runs: number): boolean;
}

/**
 * Makes a budget of which nothing is spent. It begins anew for a node that is deleted, and when somebody asks for a retry of it.
 *
 * @param parts `clock` measures the rate.
 */
export function createRunBudget(parts: { readonly clock: Clock; readonly changes: Pick<Changes, "on"> }): RunBudget {
  const { clock, changes } = parts;
  const spent = new Map<string, { readonly assignment: number; readonly bucket: TokenBucket }>();

  function reset(id: string): void {
    spent.delete(writerOf(id, "parent"));
    spent.delete(writerOf(id, "self"));
  }
  changes.on("ownership", "run budget", ["NodeRemoved"], ({ id }) => reset(id));
  changes.on("ownership", "run budget", ["CfgChanged"], ({ id, urls }) => {
    if (urls.includes("/retries")) reset(id);
  });
  changes.on("ownership", "run budget", ["Discovered"], ({ id, urls, from }) => {
    if (from === undefined && urls.includes("/retry")) reset(id); // asked for here: what a child says resets nothing
  });

  return {
    spend(id, facet, assignment, runs) {
      const writer = writerOf(id, facet);
      const now = clock.now();
      const known = spent.get(writer);
      const bucket = known?.assignment === assignment ? known.bucket : fullBucket(RATE, now);
      if (!hasTokens(bucket, RATE, now, runs)) return false;
      bucket.tokens -= runs;
      spent.delete(writer); // the one that was used last comes last
      spent.set(writer, { assignment, bucket });
      dropOldest(spent, MAX_REMEMBERED);
      return true;
    },
  };
}

function writerOf(id: string, facet: "parent" | "self"): string {
  return `${id} ${facet}`;
}
