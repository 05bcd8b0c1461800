import { dropOldest, fullBucket, type Rate, takeToken, type TokenBucket } from "../../src/toolkit/mod.ts";
import type { Clock } from "../../src/clock.ts";

/** Events of one node: enough to see how a boot fails, too few to push out those of others. */
const EACH: Rate = { burst: 6, perSecond: 1 / 60 };
/** Events of all nodes. */
const ALL: Rate = { burst: 600, perSecond: 5 };
/** Nodes that are counted at a time. */
const MAX_NODES = 65_536;
/** The longest text, in characters. */
const MAX_TEXT = 500;

/** Tells what boot services see of machines, as events of their nodes: at a bounded rate for each, and for all. */
export interface NodeEvents {
  /**
   * Adds an event of a known node.
   *
   * @param node Its name.
   * @param why What happened, and why, in words. What a machine said is shortened.
   */
  tell(node: string, why: string): void;
}

/** Makes what adds events. @param add Adds one to the event log. */
export function createNodeEvents(clock: Clock, add: (node: string, why: string) => void): NodeEvents {
  const all = fullBucket(ALL, clock.now());
  const nodes = new Map<string, { readonly bucket: TokenBucket; left: number }>();

  function countsOf(node: string) {
    const counts = nodes.get(node) ?? { bucket: fullBucket(EACH, clock.now()), left: 0 };
    nodes.delete(node);
    nodes.set(node, counts); // the one that was silent longest is the first
    dropOldest(nodes, MAX_NODES);
    return counts;
  }
  return {
    tell(node, why) {
      const counts = countsOf(node);
      const now = clock.now();
      if (!takeToken(counts.bucket, EACH, now) || !takeToken(all, ALL, now)) {
        counts.left++;
        return;
      }
      const more = counts.left === 0 ? "" : ` (${counts.left} more since the event before)`;
      counts.left = 0;
      add(node, `${why.slice(0, MAX_TEXT)}${more}`);
    },
  };
}
