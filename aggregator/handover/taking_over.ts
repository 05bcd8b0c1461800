import type { Log } from "../../src/log.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { RunStates } from "../nodes/run_state.ts";
import type { WriterTerm } from "../store/writer_term.ts";
import type { Adopting } from "./adopting.ts";

/** Makes what others wrote of nodes this aggregator's own to say. */
export interface TakingOver {
  /** What an earlier aggregator of a child knew of it stays true until something else is seen, but is ours to say now. */
  takeOver(id: string): void;
  /** A node that is not here yet gets the time to come. */
  awaitJoin(id: string): void;
  /** Counts on to at least this run. */
  raise(run: number): void;
  /**
   * Does what could not be done while the store took no writes.
   *
   * @returns Whether there was something, so that what links have said meanwhile was not written.
   */
  makeUp(): boolean;
}

/** See {@link TakingOver}. Terms are on the disk before they are used: where it takes no writes, this is done once it does. */
export function createTakingOver(
  parts: {
    readonly term: WriterTerm;
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly discovered: Pick<Discovered, "parent">;
    readonly adopting: Pick<Adopting, "begin">;
    readonly runStates: Pick<RunStates, "adopt">;
    readonly log: Log;
    /** Writes whether a node is frozen. */
    tellFreeze(id: string): void;
    /** The engine is to look at a node. */
    touch(id: string): void;
  },
): TakingOver {
  const { term, replica, nodes, discovered, adopting, runStates, log, tellFreeze, touch } = parts;
  const { placement } = nodes;
  /** What waits for the store to take writes again: nodes to be taken over, and a run to count on to. */
  const unsettled = new Set<string>();
  let unraised = 0;

  function takeOver(id: string): void {
    if (placement.via(id) !== id || !settle(id)) return;
    replica.restamp(id, "parent", term.of(id));
    discovered.parent(id, new Map([["/approval", null]]));
    tellFreeze(id);
    if (nodes.isChild(id)) awaitJoin(id);
  }
  function awaitJoin(id: string): void {
    adopting.begin(id);
    runStates.adopt(id);
    touch(id);
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
      log.error("Cannot count on to a run", { run: to, problem: String(error) });
      unraised = Math.max(unraised, to);
    }
  }

  return {
    takeOver,
    awaitJoin,
    raise,
    makeUp() {
      const left = [...unsettled];
      const to = unraised;
      unsettled.clear();
      unraised = 0;
      raise(to);
      for (const id of left) takeOver(id);
      return to > 0 || left.length > 0;
    },
  };
}
