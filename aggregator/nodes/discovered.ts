import type { Log } from "../../src/log.ts";
import { compareTerms, newestVersion, type Term, termText, type Value, valuesOf } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import { type Nodes, unknowable } from "./nodes.ts";
import type { WriterTerm } from "../store/writer_term.ts";

/**
 * Writes the discovered values of this aggregator: the `parent` facets of its nodes, and the `self` facet of its own
 * node.
 */
export interface Discovered {
  /** Writes values of a node; null: no longer known. */
  parent(id: string, values: ReadonlyMap<string, Value | null>, why?: string): void;
  /** Writes values of the aggregator's own node. */
  own(values: ReadonlyMap<string, Value | null>): void;
}

/**
 * Creates {@link Discovered}. All values are written with this aggregator's term.
 *
 * @param parts What it depends on.
 */
export function createDiscovered(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly events: Events;
    readonly changes: Pick<Changes, "turn">;
    readonly term: WriterTerm;
    readonly ownId: string;
    /** The term of the aggregator's own `self` facet. */
    readonly ownTerm: () => Term;
    readonly log: Log;
    /** Whether this is the root, which also writes values of nodes that no aggregator serves. */
    readonly isRoot: boolean;
  },
): Discovered {
  const { replica, nodes, events, term, ownId, log } = parts;

  /** Leaves a facet with a later writer alone: this aggregator does not know yet that it was replaced. */
  function write(id: string, values: ReadonlyMap<string, Value | null>): string[] {
    const via = nodes.placement.via(id);
    if (via !== id && !(parts.isRoot && via === undefined)) return []; // another aggregator writes these
    const mine = term.of(id);
    const newest = newestVersion(replica.get(id)?.facets.parent ?? new Map());
    if (compareTerms(newest, mine) <= 0) return replica.write(id, "parent", values, mine);
    log.debug("Wrote nothing to a node that has a later parent", {
      node: id,
      term: termText(mine),
      newest: termText(newest),
    });
    return [];
  }

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

  function writeParent(id: string, values: ReadonlyMap<string, Value | null>, why: string): void {
    const document = replica.get(id);
    if (document === undefined) return;
    const before = valuesOf(document.facets.parent);
    const changed = write(id, values);
    if (changed.length === 0) return;
    const node = nodes.read(id);
    const now = replica.get(id);
    if (node !== undefined && now !== undefined) {
      const lost = unknowable(node, valuesOf(now.facets.parent)).map((url): [string, null] => [url, null]);
      if (lost.length > 0) changed.push(...write(id, new Map(lost)));
    }
    tell(id, [...new Set(changed)], before, why);
  }

  return {
    parent: (id, values, why = "") => parts.changes.turn(() => writeParent(id, values, why)),
    own(values) {
      replica.write(ownId, "self", values, parts.ownTerm());
    },
  };
}
