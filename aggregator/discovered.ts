import { type Value, valuesOf } from "../src/state/mod.ts";
import type { Replica } from "../src/sync/mod.ts";
import type { Events } from "./events.ts";
import { type Nodes, unknowable } from "./nodes.ts";

/** Writes what this aggregator discovers: the `parent` facets of its nodes, and the `self` facet of its own node. */
export interface Discovered {
  /** Values of a node that its aggregator writes; null: not known any more. */
  parent(id: string, values: ReadonlyMap<string, Value | null>, why?: string): void;
  /** Values of the aggregator's own node that it writes as that node's program. */
  own(values: ReadonlyMap<string, Value | null>): void;
}

/** See {@link Discovered}. Everything is written with this aggregator's term. */
export function createDiscovered(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly events: Events;
    readonly term: number;
    readonly ownId: string;
  },
): Discovered {
  const { replica, nodes, events, term, ownId } = parts;

  function tell(id: string, changed: readonly string[], before: ReadonlyMap<string, Value>, why: string): void {
    const node = nodes.read(id);
    if (node === undefined) return;
    for (const url of changed) {
      const type = node.planner.domain.schema.find(url)?.variable.type;
      if (type?.kind !== "enum") continue;
      const unknown = type.values[0];
      const now = replica.get(id)?.facets.parent.get(url)?.value ?? unknown;
      events.add({
        node: node.name,
        kind: "discovered",
        why: `${url}: ${before.get(url) ?? unknown} -> ${now}${why === "" ? "" : ` (${why})`}`,
      });
    }
  }

  return {
    parent(id, values, why = "") {
      const document = replica.get(id);
      if (document === undefined) return;
      const before = valuesOf(document.facets.parent);
      const changed = replica.write(id, "parent", values, term);
      if (changed.length === 0) return;
      const node = nodes.read(id);
      const now = replica.get(id);
      if (node !== undefined && now !== undefined) {
        const lost = unknowable(node, valuesOf(now.facets.parent)).map((url): [string, null] => [url, null]);
        if (lost.length > 0) changed.push(...replica.write(id, "parent", new Map(lost), term));
      }
      tell(id, [...new Set(changed)], before, why);
    },
    own(values) {
      replica.write(ownId, "self", values, term);
    },
  };
}
