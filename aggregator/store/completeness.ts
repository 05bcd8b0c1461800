import type { Log } from "../../src/log.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Persistence } from "./persistence.ts";
import type { Store } from "./types.ts";

/** The fact that says that all nodes are known. */
export const COMPLETE = "complete";

/** Writes that all nodes are known, once they are and all of them are on the disk: a run after this one goes on from there. */
export function noteCompleteness(
  { store, persistence, changes, log }: {
    readonly store: Store;
    readonly persistence: Pick<Persistence, "flush" | "waiting">;
    readonly changes: Changes;
    readonly log: Log;
  },
): void {
  changes.on("publish", "completeness", ["BecameComplete"], () => {
    persistence.flush();
    if (persistence.waiting.unsavedDocuments > 0) return;
    try {
      store.commit({ facts: new Map([[COMPLETE, true]]) });
    } catch (error) {
      log.error("Cannot write that all nodes are known", { error: String(error) });
    }
  });
}
