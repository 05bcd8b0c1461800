import type { Log } from "../../src/log.ts";
import { assignmentNumber } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Store, Stored } from "../store/mod.ts";

/** The fact that has the assignments that nodes have told of, by node, as JSON. */
const CLAIMS = "claimedElsewhere";

/**
 * Later assignments that nodes have shown, and that have not come down to here: this aggregator is cut off from where they
 * were decided. On the disk, so that a restart does not forget them.
 */
export interface Claims {
  /** A node has shown that it has an assignment. @returns Whether that is on the disk, or was known. */
  heard(id: string, assignment: number): boolean;
  /** The latest assignment that a node has told of, where it is later than the one that has come down; otherwise 0. */
  of(id: string): number;
}

/** See {@link Claims}. */
export function createClaims(
  parts: { readonly replica: Replica; readonly store: Store; readonly facts: Stored["facts"]; readonly log: Log },
): Claims {
  const { replica, store, log } = parts;
  const numbers = readNumbers(parts.facts.get(CLAIMS));

  function known(id: string): number {
    return assignmentNumber(replica.get(id)?.facets.cfg);
  }
  return {
    heard(id, assignment) {
      if (assignment <= known(id) || assignment <= (numbers.get(id) ?? 0)) return true;
      const next = new Map([...numbers].filter(([each, its]) => its > known(each))).set(id, assignment);
      try {
        store.commit({ facts: new Map([[CLAIMS, JSON.stringify([...next])]]) });
      } catch (error) {
        log.error("Cannot write that a node is at another aggregator", { node: id, error: String(error) });
        return false;
      }
      numbers.set(id, assignment);
      return true;
    },
    of(id) {
      const claimed = numbers.get(id) ?? 0;
      return claimed > known(id) ? claimed : 0;
    },
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
