import type { WatchedStore } from "../store/mod.ts";

/** What keeps an aggregator from doing its work, in words with what to do. */
export interface Troubles {
  /** Every trouble that there is now; usually none. */
  list(): readonly string[];
  /** A node that is not known here says that this aggregator has welcomed it before. */
  heardUnknown(id: string): void;
}

/** The most unknown nodes that are counted. */
const MAX_UNKNOWN = 1_000;

/**
 * Collects what is wrong.
 *
 * @param parts `lost` says that what the store had is gone; it and the word of agents count while no node is known.
 */
export function createTroubles(
  parts: {
    readonly store: Pick<WatchedStore, "problem">;
    readonly broker: { readonly problem: string | undefined };
    /** The broker to the parent. */
    readonly uplink: { readonly problem: string | undefined };
    readonly lost: string | undefined;
    /** Whether any node is known, deleted ones and the aggregator's own left out. */
    hasNodes(): boolean;
    /** Called when the word of agents is the first sign that the store was lost. */
    onLost(why: string): void;
  },
): Troubles {
  const unknown = new Set<string>();

  function describeUnknown(): string {
    const count = unknown.size === MAX_UNKNOWN
      ? `${MAX_UNKNOWN} or more nodes`
      : `${unknown.size} node${unknown.size === 1 ? "" : "s"}`;
    return `No node is known here, but agents of ${count} say that this aggregator has welcomed them before: its store was lost or is ` +
      "another's. Stop it, put the last backup in its place and start once with --restored; or make the nodes anew";
  }
  return {
    list() {
      const isEmpty = (parts.lost !== undefined || unknown.size > 0) && !parts.hasNodes();
      return [
        ...[parts.store.problem, parts.broker.problem, parts.uplink.problem].filter((problem) => problem !== undefined),
        ...(isEmpty && parts.lost !== undefined ? [parts.lost] : []),
        ...(isEmpty && unknown.size > 0 ? [describeUnknown()] : []),
      ];
    },
    heardUnknown(id) {
      if (unknown.size >= MAX_UNKNOWN || parts.hasNodes()) return;
      unknown.add(id);
      if (unknown.size === 1 && parts.lost === undefined) parts.onLost(describeUnknown());
    },
  };
}
