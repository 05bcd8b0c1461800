import * as v from "valibot";
import type { FleetMemory, KeptHold } from "../../src/engine/mod.ts";
import type { Log } from "../../src/log.ts";
import type { Store, Stored } from "../store/mod.ts";

const holds = v.array(v.object({
  mutation: v.string(),
  goals: v.string(),
  nodes: v.array(v.string()),
  reason: v.string(),
  heldAt: v.number(),
}));

/**
 * Stores the fleet-wide holds as a fact, as JSON, and reads the `stored` ones.
 *
 * @param store The store.
 * @param log Takes errors.
 */
export function createHoldStore(
  store: Store,
  stored: Stored["facts"],
  log: Log,
): FleetMemory {
  const kept = readHolds(stored.get("holds"), log);
  return {
    kept: () => kept,
    keep(now) {
      try {
        store.commit({ facts: new Map([["holds", JSON.stringify(now)]]) });
      } catch {
        // It is held nevertheless, while this program runs.
      }
    },
  };
}

function readHolds(fact: string | number | boolean | undefined, log: Log): readonly KeptHold[] {
  if (fact === undefined) return [];
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), holds), fact);
  if (result.success) return result.output;
  log.error("Cannot read the stored fleet-wide holds, so none are in effect", {
    problem: result.issues[0].message,
  });
  return [];
}
