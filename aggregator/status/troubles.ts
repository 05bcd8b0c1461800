import type { WatchedStore } from "../store/mod.ts";

/** Problems that keep an aggregator from its work, with what to do. */
export interface Troubles {
  /** Lists the present problems; usually none. */
  list(): readonly string[];
  /** Reports an unknown node that was welcomed by this aggregator before. */
  heardUnknown(id: string): void;
}

/** The largest number of unknown nodes to count. */
const MAX_UNKNOWN = 1_000;

/**
 * Creates the {@link Troubles}.
 *
 * @param parts `lost` says that the store's content is gone; it and reports of agents count while no node is known.
 */
export function createTroubles(
  parts: {
    readonly store: Pick<WatchedStore, "problem">;
    readonly broker: { readonly problem: string | undefined };
    /** The broker to the parent. */
    readonly uplink: { readonly problem: string | undefined };
    readonly lost: string | undefined;
    /** Tells whether any node is known, besides deleted ones and the aggregator's own. */
    hasNodes(): boolean;
    /** Called when reports of agents are the first sign that the store was lost. */
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
