import { compareTerms, newestVersion, NO_TERM, termOf } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Fence } from "./fence.ts";
import type { Standing } from "./may_act.ts";

const LEARNING: Standing = { kind: "learning" };

/** The standing of an aggregator, which applies to each of its nodes, and whether it knows all of them. */
export interface OwnStanding {
  readonly now: Standing;
  /** Whether it knows all its nodes: from its disk, or since its parent has sent all of them. Always true at the root. */
  readonly isComplete: boolean;
  /** Reports that the parent has sent everything below. Posts `BecameComplete` the first time. */
  complete(): void;
}

/**
 * Creates the standing of an aggregator.
 *
 * @param parts `wasComplete`: whether an earlier run received everything below, and has it on its disk. That counts only
 *   if that run has also written something of its own: otherwise it was never welcomed.
 */
export function createStanding(
  { ownId, isRoot, wasComplete, replica, changes, fence }: {
    readonly ownId: string;
    readonly isRoot: boolean;
    readonly wasComplete: boolean;
    readonly replica: Pick<Replica, "get">;
    readonly changes: Pick<Changes, "post">;
    readonly fence: Pick<Fence, "standing">;
  },
): OwnStanding {
  const wrote = termOf(newestVersion(replica.get(ownId)?.facets.self ?? new Map()));
  let isComplete = isRoot || (wasComplete && compareTerms(wrote, NO_TERM) !== 0);
  return {
    get now() {
      return isComplete ? fence.standing : LEARNING;
    },
    get isComplete() {
      return isComplete;
    },
    complete() {
      if (isComplete) return;
      isComplete = true;
      changes.post({ kind: "BecameComplete" });
    },
  };
}
