import type { Log } from "../../src/log.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { WriterTerm } from "../store/writer_term.ts";

/** Gives values that other aggregators wrote of nodes versions of this aggregator. */
export interface Takeover {
  /**
   * Takes over what an earlier aggregator of a child wrote. The values stay true until something else is seen.
   *
   * @returns Whether that was done. False if the store takes no writes now, or if the node has a later aggregator.
   */
  takeOver(id: string): boolean;
  /** Raises the run counter to at least this run. */
  raise(run: number): void;
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
  const unsettled = new Set<string>();
  let unraised = 0;

  function takeOver(id: string): boolean {
    if (placement.via(id) !== id || !settle(id)) return false;
    replica.restamp(id, "parent", term.of(id));
    discovered.parent(id, new Map([["/approval", null]]));
    tellFreeze(id);
    return true;
  }
  function settle(id: string): boolean {
    try {
      return term.settle(id);
    } catch (error) {
      log.error("Cannot take a node over", { node: id, problem: String(error) });
      unsettled.add(id);
      return false;
    }
  }
  function raise(to: number): void {
    try {
      term.raise(to);
    } catch (error) {
      log.error("Cannot raise the run counter", { run: to, problem: String(error) });
      unraised = Math.max(unraised, to);
    }
  }

  /** Does what had to wait while the store took no writes. */
  function makeUp(): void {
    const left = [...unsettled];
    const to = unraised;
    unsettled.clear();
    unraised = 0;
    raise(to);
    for (const id of left) takeOver(id);
    if (to > 0 || left.length > 0) changes.post({ kind: "CaughtUpWithStore" });
  }
  changes.on("ownership", "takeover", ["StoreTurned"], ({ problem }) => {
    if (problem === undefined) makeUp();
  });
  return { takeOver, raise };
}
