import { dropOldest, fullBucket, type Rate, takeToken, type TokenBucket } from "../../src/toolkit/mod.ts";
import type { Clock } from "../../src/clock.ts";

/** The rate of events of one node: enough to see how a boot fails, too few to displace those of others. */
const EACH: Rate = { burst: 6, perSecond: 1 / 60 };
/** The rate of events of all nodes. */
const ALL: Rate = { burst: 600, perSecond: 5 };
/** The largest number of nodes to count at a time. */
const MAX_NODES = 65_536;
/** The longest text, in characters. */
const MAX_TEXT = 500;

/** Adds what boot services see of machines as events of their nodes, at a limited rate for each node and for all. */
export interface NodeEvents {
  /**
   * Adds an event of a known node.
   *
   * @param node Its name.
   * @param why What happened and why, in words. Texts of machines are shortened.
   */
  tell(node: string, why: string): void;
}

/** Creates the {@link NodeEvents}, which use `clock`. @param add Adds an event to the event log. */
export function createNodeEvents(clock: Clock, add: (node: string, why: string) => void): NodeEvents {
  const all = fullBucket(ALL, clock.now());
  const nodes = new Map<string, { readonly bucket: TokenBucket; left: number }>();

  function countsOf(node: string) {
    const counts = nodes.get(node) ?? { bucket: fullBucket(EACH, clock.now()), left: 0 };
    nodes.delete(node);
    nodes.set(node, counts); // the one that was silent longest comes first
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
