import type { Log } from "../../src/log.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { RunStates } from "../nodes/run_state.ts";
import type { WriterTerm } from "../store/writer_term.ts";
import type { Adopting } from "./adopting.ts";

/** Makes what others wrote of nodes this aggregator's own to say. */
export interface TakingOver {
  /** What an earlier aggregator of a child knew of it stays true until something else is seen, but is ours to say now. */
  takeOver(id: string): void;
  /** Counts on to at least this run. */
  raise(run: number): void;
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
    readonly changes: Changes;
    /** Writes whether a node is frozen. */
    tellFreeze(id: string): void;
  },
): TakingOver {
  const { term, replica, nodes, discovered, adopting, runStates, log, changes, tellFreeze } = parts;
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
    changes.post({ kind: "JoinAwaited", id });
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

  /** Does what could not be done while the store took no writes. */
  function makeUp(): void {
    const left = [...unsettled];
    const to = unraised;
    unsettled.clear();
    unraised = 0;
    raise(to);
    for (const id of left) takeOver(id);
    if (to > 0 || left.length > 0) changes.post({ kind: "CaughtUpWithStore" });
  }

  changes.on("ownership", "takeover", ["Moved"], ({ id, after }) => {
    if (after === id) takeOver(id);
  });
  changes.on("ownership", "takeover", ["CfgChanged"], ({ id, urls }) => {
    if (placement.via(id) !== id) return;
    // Who had it has let it go.
    if (urls.includes("/assignment") && nodes.isChild(id) && term.hasWritten(id)) awaitJoin(id);
    if (!term.hasWritten(id)) takeOver(id); // it went and came back before this was heard of
  });
  changes.on("ownership", "takeover", ["StoreTurned"], ({ problem }) => {
    if (problem === undefined) makeUp();
  });
  return { takeOver, raise };
}
