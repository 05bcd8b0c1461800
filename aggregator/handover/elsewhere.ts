import type { Log } from "../../src/log.ts";
import { assignmentNumber } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Store, Stored } from "../store/mod.ts";

/** How many assignments of a node may not have been heard of here: a node that tells of more tells something wrong. */
const MAX_MISSED_ASSIGNMENTS = 100;

/** The assignments that nodes have told of, by node, as JSON. */
const ELSEWHERE = "elsewhere";

/**
 * Nodes that have said that they are at another aggregator, under an assignment that this one has not heard of: it is cut off
 * from where that was decided. Nothing is concluded from their silence, and nothing is done to them.
 */
export interface Elsewhere {
  /** A node is under an assignment. @returns Whether that is on the disk, or was known; false for one that can't be. */
  heard(id: string, number: number): boolean;
  has(id: string): boolean;
}

/** See {@link Elsewhere}. It is on the disk, so that a restart does not forget it. */
export function createElsewhere(
  parts: { readonly replica: Replica; readonly store: Store; readonly facts: Stored["facts"]; readonly log: Log },
): Elsewhere {
  const { replica, store, log } = parts;
  const numbers = readNumbers(parts.facts.get(ELSEWHERE));

  /** Whether the word of it has not come down to here. */
  function isNews(id: string, number: number): boolean {
    return number > assignmentNumber(replica.get(id)?.facets.cfg);
  }
  return {
    heard(id, number) {
      if (number > assignmentNumber(replica.get(id)?.facets.cfg) + MAX_MISSED_ASSIGNMENTS) {
        log.warn("Did not believe a node that told of an assignment that can't be", { node: id, number });
        return false;
      }
      if (!isNews(id, number) || number <= (numbers.get(id) ?? 0)) return true;
      const next = new Map([...numbers].filter(([each, its]) => isNews(each, its))).set(id, number);
      try {
        store.commit({ facts: new Map([[ELSEWHERE, JSON.stringify([...next])]]) });
      } catch (error) {
        log.error("Cannot write that a node is at another aggregator", { node: id, error: String(error) });
        return false;
      }
      numbers.set(id, number);
      return true;
    },
    has: (id) => isNews(id, numbers.get(id) ?? 0),
  };
}

function readNumbers(text: string | number | boolean | undefined): Map<string, number> {
  const list: unknown = typeof text === "string" ? JSON.parse(text) : [];
  const pairs: readonly unknown[] = Array.isArray(list) ? list : [];
  return new Map(pairs.flatMap((pair): [string, number][] => {
    const [id, number]: unknown[] = Array.isArray(pair) ? pair : [];
    return typeof id === "string" && typeof number === "number" ? [[id, number]] : [];
  }));
}
