import type { Log } from "../../src/log.ts";
import type { Store, Stored } from "../store/mod.ts";

/** The children below which nodes arrived, as JSON. */
const OWED = "owed";
/** True from the write of a `/parent` until everybody here has heard of it. */
export const MOVING = "moving";

/**
 * Which child aggregators have to get everything that is known of some nodes, as these came below them from elsewhere. On
 * disk, so that a run after a crash gives it to them: that run can't tell any more what they have not got.
 */
export interface Owing {
  /** Whether an earlier run owed something to a child. */
  fromBefore(child: string): boolean;
  /** A child has to get something, or has got everything. */
  set(child: string, owed: boolean): void;
}

/** See {@link Owing}. */
export function createOwing(
  { store, facts, log }: { readonly store: Store; readonly facts: Stored["facts"]; readonly log: Log },
): Owing {
  const before = readIds(facts.get(OWED));
  const all = facts.get(MOVING) === true;
  const owed = new Set(before);
  return {
    fromBefore: (child) => all || before.has(child),
    set(child, isOwed) {
      if (owed.has(child) === isOwed) return;
      if (isOwed) owed.add(child);
      else owed.delete(child);
      try {
        store.commit({ facts: new Map([[OWED, JSON.stringify([...owed])]]) });
      } catch (error) {
        log.error("Cannot write what children are owed", { child, error: String(error) });
      }
    },
  };
}

function readIds(text: string | number | boolean | undefined): ReadonlySet<string> {
  const list: unknown = typeof text === "string" ? JSON.parse(text) : [];
  return new Set(Array.isArray(list) ? list.filter((id): id is string => typeof id === "string") : []);
}
