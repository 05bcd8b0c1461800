import type { Log } from "../../src/log.ts";
import { compareTerms, newestVersion, type Term, termText, type Value, valuesOf } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import { type Nodes, unknowable } from "./nodes.ts";
import type { WriterTerm } from "../store/writer_term.ts";

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
    readonly changes: Pick<Changes, "turn">;
    readonly term: WriterTerm;
    readonly ownId: string;
    /** The term of the aggregator's own `self` facet. */
    readonly ownTerm: () => Term;
    readonly log: Log;
    /** Whether this is the root, which looks after nodes that nobody serves. */
    readonly isRoot: boolean;
  },
): Discovered {
  const { replica, nodes, events, term, ownId, log } = parts;

  /** A facet that has a later writer is left as it is: this one has not heard yet that it was replaced. */
  function write(id: string, values: ReadonlyMap<string, Value | null>): string[] {
    const via = nodes.placement.via(id);
    if (via !== id && !(parts.isRoot && via === undefined)) return []; // another aggregator's to write
    const mine = term.of(id);
    const newest = newestVersion(replica.get(id)?.facets.parent ?? new Map());
    if (compareTerms(newest, mine) <= 0) return replica.write(id, "parent", values, mine);
    log.debug("Wrote nothing of a node that has a later parent", {
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
