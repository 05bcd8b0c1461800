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

/** Keeps what is held for the whole fleet as a fact in the store, as JSON. Reads `stored` at once. */
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
        // It is held all the same, for as long as this program runs.
      }
    },
  };
}

function readHolds(fact: string | number | boolean | undefined, log: Log): readonly KeptHold[] {
  if (fact === undefined) return [];
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), holds), fact);
  if (result.success) return result.output;
  log.error("Cannot read what was held for the whole fleet: nothing is held now", {
    problem: result.issues[0].message,
  });
  return [];
}
