import type { Log } from "../../src/log.ts";
import { assignmentNumber } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Store, Stored } from "../store/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** Fact that stores the assignments that nodes have claimed, by node id, as JSON. */
const CLAIMS = "claimedElsewhere";

/**
 * Later assignments that nodes have proved and that this aggregator's cfg does not have yet, because it is cut off from
 * the root. They are kept on disk, so that a restart does not lose them.
 */
export interface Claims {
  /** Records that a node has proved an assignment. @returns Whether the assignment is on disk or was known before. */
  heard(id: string, assignment: number): boolean;
  /** Returns the latest assignment that a node has proved if it is later than the one in its cfg, otherwise 0. */
  of(id: string): number;
}

/** Creates the {@link Claims}, starting from the stored facts. */
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
        log.error("Cannot store that a node has joined another aggregator", { node: id, error: errorText(error) });
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
