import type { Log } from "../../src/log.ts";
import type { Store, Stored } from "../store/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** The fact that has the children below which nodes arrived, as JSON. */
const PENDING = "pendingTransfers";
/** True from the write of a `/parent` until everybody here has heard of it. */
export const MOVING = "moving";

/**
 * Child aggregators that have still to get everything that is known of some nodes, as these came below them from elsewhere. On
 * disk, so that a run after a crash gives it to them: that run can't tell any more what they have not got.
 */
export interface PendingTransfers {
  /** Whether an earlier run had not given everything to a child. */
  fromBefore(child: string): boolean;
  /** A child has to get something, or has got everything. */
  set(child: string, isPending: boolean): void;
}

/** See {@link PendingTransfers}. */
export function createPendingTransfers(
  { store, facts, log }: { readonly store: Store; readonly facts: Stored["facts"]; readonly log: Log },
): PendingTransfers {
  const before = readIds(facts.get(PENDING));
  const all = facts.get(MOVING) === true;
  const pending = new Set(before);
  return {
    fromBefore: (child) => all || before.has(child),
    set(child, isPending) {
      if (pending.has(child) === isPending) return;
      if (isPending) pending.add(child);
      else pending.delete(child);
      try {
        store.commit({ facts: new Map([[PENDING, JSON.stringify([...pending])]]) });
      } catch (error) {
        log.error("Cannot write which transfers to children are pending", { node: child, error: errorText(error) });
      }
    },
  };
}

function readIds(text: string | number | boolean | undefined): ReadonlySet<string> {
  const list: unknown = typeof text === "string" ? JSON.parse(text) : [];
  return new Set(Array.isArray(list) ? list.filter((id): id is string => typeof id === "string") : []);
}
