import type { Value } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { WatchedStore } from "../store/mod.ts";
import { type Below, countsValue, sumUp } from "./health.ts";
import type { Statuses } from "./statuses.ts";

/** Tells those above how the subtree is, and those below where the root is. */
export interface SubtreeReport {
  /** Writes this aggregator's `/subtree/health` and `/subtree/counts`. */
  tell(): void;
  /** The aggregators below learn where the root is through their parents. */
  tellRoot(): void;
}

/** See {@link SubtreeReport}. */
export function createSubtreeReport(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly discovered: Discovered;
    readonly store: WatchedStore;
    readonly ownId: string;
    readonly isRoot: boolean;
    /** Whether the broker between this aggregator and its children is lost. */
    readonly broker: { isLost(): boolean };
    statuses(): Statuses;
  },
): SubtreeReport {
  const { replica, nodes, discovered, store, ownId, isRoot } = parts;
  const { placement } = nodes;

  function* below(): Generator<Below> {
    for (const id of placement.direct()) {
      const aggregator = placement.isAggregator(id) ? nodes.read(id) : undefined;
      if (aggregator === undefined) continue;
      const all = [...placement.below(id)];
      const aggregators = all.filter((each) => placement.isAggregator(each)).length;
      yield { aggregator, aggregators, nodes: all.length - aggregators };
    }
  }

  return {
    tell() {
      const { health: seen, counts } = sumUp(parts.statuses().all(), below());
      const { isLost } = parts.broker;
      const health = store.problem === undefined && !isLost() ? seen : "DEGRADED";
      // What was known of those below is not true for sure any more.
      const known = isLost() ? { ...counts, converged: 0, sync: 0, stale: counts.nodes } : counts;
      discovered.own(new Map<string, Value>([["/subtree/health", health], ["/subtree/counts", countsValue(known)]]));
    },
    tellRoot() {
      const url = isRoot ? "/api" : "/rootApi";
      const api = replica.get(ownId)?.facets[isRoot ? "self" : "parent"].get(url)?.value;
      if (typeof api !== "string") return;
      for (const id of placement.direct()) {
        if (placement.isAggregator(id)) discovered.parent(id, new Map([["/rootApi", api]]));
      }
    },
  };
}
