import type { LinkState, ParentLink } from "../../src/sync/mod.ts";

/** What waits in the links to all children, and what they have counted. */
export interface ChildrenCounts {
  readonly links: { readonly [state in LinkState]: number };
  /** Births that wait for their turn. */
  readonly births: number;
  /** Links with a window that is not acknowledged. */
  readonly windows: number;
  readonly retransmits: number;
  readonly droppedFrames: number;
  readonly droppedValues: number;
}

/** Counts links together. What those that are gone have counted stays counted: counters only grow. */
export interface LinkCounts {
  /** A link is gone. */
  gone(link: ParentLink): void;
  sum(links: Iterable<ParentLink>): Omit<ChildrenCounts, "births">;
}

/** See {@link LinkCounts}. */
export function createLinkCounts(): LinkCounts {
  const past = { retransmits: 0, droppedFrames: 0, droppedValues: 0 };
  return {
    gone({ counts }) {
      past.retransmits += counts.retransmits;
      past.droppedFrames += counts.droppedFrames;
      past.droppedValues += counts.droppedValues;
    },
    sum(links) {
      const all = { down: 0, joining: 0, level: 0 };
      let { retransmits, droppedFrames, droppedValues } = past;
      let windows = 0;
      for (const { state, counts } of links) {
        all[state]++;
        if (counts.waiting) windows++;
        retransmits += counts.retransmits;
        droppedFrames += counts.droppedFrames;
        droppedValues += counts.droppedValues;
      }
      return { links: all, windows, retransmits, droppedFrames, droppedValues };
    },
  };
}
