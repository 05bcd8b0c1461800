import type { Value } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { WatchedStore } from "../store/mod.ts";
import { countsValue, type HealthBelow, sumUp } from "./health.ts";
import type { Statuses } from "./statuses.ts";

/**
 * Reports the state of the subtree to aggregators above, and the address of the root to those below.
 *
 * @param parts What it depends on.
 */
export function reportSubtree(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly discovered: Discovered;
    readonly store: WatchedStore;
    readonly ownId: string;
    readonly isRoot: boolean;
    readonly changes: Changes;
    /** Tells whether the broker between this aggregator and its children is lost. */
    readonly broker: { isLost(): boolean };
    readonly statuses: Pick<Statuses, "all">;
  },
): void {
  const { replica, nodes, discovered, store, ownId, isRoot, changes, statuses } = parts;
  const { placement } = nodes;

  function* below(): Generator<HealthBelow> {
    for (const id of placement.direct()) {
      const aggregator = placement.isAggregator(id) ? nodes.read(id) : undefined;
      if (aggregator === undefined) continue;
      const all = [...placement.below(id)];
      const aggregators = all.filter((each) => placement.isAggregator(each)).length;
      yield { aggregator, aggregators, nodes: all.length - aggregators };
    }
  }

  /** Writes this aggregator's `/subtree/health` and `/subtree/counts`. */
  function tell(): void {
    const { health: seen, counts } = sumUp(statuses.all(), below());
    const { isLost } = parts.broker;
    const health = store.problem === undefined && !isLost() ? seen : "DEGRADED";
    // What was known of those below may no longer be true.
    const known = isLost() ? { ...counts, converged: 0, sync: 0, stale: counts.nodes } : counts;
    discovered.own(new Map<string, Value>([["/subtree/health", health], ["/subtree/counts", countsValue(known)]]));
  }
  /** The aggregators below learn the address of the root through their parents. */
  function tellRoot(): void {
    const url = isRoot ? "/api" : "/rootApi";
    const api = replica.get(ownId)?.facets[isRoot ? "self" : "parent"].get(url)?.value;
    if (typeof api !== "string") return;
    for (const id of placement.direct()) {
      if (placement.isAggregator(id)) discovered.parent(id, new Map([["/rootApi", api]]));
    }
  }

  changes.on("publish", "subtree", ["StatusesLooked", "StoreTurned", "BrokerTurned"], tell);
  changes.on("publish", "subtree", ["Discovered"], ({ id, urls }) => {
    if (id === ownId && (urls.includes("/rootApi") || urls.includes("/api"))) tellRoot();
  });
  changes.on("publish", "subtree", ["Moved"], ({ id, after }) => {
    if (after === id && placement.isAggregator(id)) tellRoot();
  });
}
