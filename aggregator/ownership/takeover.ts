import type { Log } from "../../src/log.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { WriterTerm } from "../store/writer_term.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** Gives values that other aggregators wrote of nodes versions of this aggregator. */
export interface Takeover {
  /**
   * Takes over what an earlier aggregator of a child wrote. The values stay true until something else is seen.
   *
   * @returns Whether that was done. False if the store takes no writes now, or if the node has a later aggregator.
   */
  takeOver(id: string): boolean;
  /** Advances the run counter to at least this run. */
  advanceTo(run: number): void;
}

/**
 * Creates the {@link Takeover}. Terms are on disk before they are used: while the store takes no writes, takeovers
 * wait.
 */
export function createTakeover(
  parts: {
    readonly term: WriterTerm;
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly discovered: Pick<Discovered, "parent">;
    readonly log: Log;
    readonly changes: Changes;
    /** Writes whether a node is frozen. */
    tellFreeze(id: string): void;
  },
): Takeover {
  const { term, replica, nodes, discovered, log, changes, tellFreeze } = parts;
  const { placement } = nodes;
  /** Nodes to take over, and a run to reach, once the store takes writes again. */
  const waiting = new Set<string>();
  let runToReach = 0;

  function takeOver(id: string): boolean {
    if (placement.via(id) !== id || !advancePastFacet(id)) return false;
    replica.restamp(id, "parent", term.of(id));
    discovered.parent(id, new Map([["/approval", null]]));
    tellFreeze(id);
    return true;
  }
  function advancePastFacet(id: string): boolean {
    try {
      return term.advancePastFacet(id);
    } catch (error) {
      log.error("Cannot take a node over", { node: id, problem: errorText(error) });
      waiting.add(id);
      return false;
    }
  }
  function advanceTo(to: number): void {
    try {
      term.advanceTo(to);
    } catch (error) {
      log.error("Cannot advance the run counter", { run: to, problem: errorText(error) });
      runToReach = Math.max(runToReach, to);
    }
  }

  /** Does what had to wait while the store took no writes. */
  function catchUp(): void {
    const left = [...waiting];
    const to = runToReach;
    waiting.clear();
    runToReach = 0;
    advanceTo(to);
    for (const id of left) takeOver(id);
    if (to > 0 || left.length > 0) changes.post({ kind: "CaughtUpWithStore" });
  }
  changes.on("ownership", "takeover", ["StoreTurned"], ({ problem }) => {
    if (problem === undefined) catchUp();
  });
  return { takeOver, advanceTo };
}
