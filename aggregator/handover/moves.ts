import type { Replica } from "../../src/sync/mod.ts";
import type { Children } from "../links/types.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { RunStates } from "../nodes/run_state.ts";
import type { Persistence } from "../store/persistence.ts";
import type { Move } from "../tree/placement.ts";
import type { Adopting } from "./adopting.ts";

/** What follows, for everything that is kept of nodes, from where they are now. */
export interface Moves {
  moved(move: Move): void;
  /** A node is perhaps not below any more: what says so may come before what says otherwise. */
  doubt(id: string): void;
  /** Forgets those that are not below by all that the parent has said, and of which every child knows that. */
  forgetDoubtful(): void;
  /** The parent does not speak of these: somebody else holds them now. */
  forgotten(ids: readonly string[]): void;
}

/** See {@link Moves}. */
export function createMoves(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly isRoot: boolean;
    readonly children: Pick<Children, "remove" | "left" | "arrived" | "changed" | "isLeaving" | "refresh">;
    readonly persistence: Pick<Persistence, "forget">;
    readonly adopting: Pick<Adopting, "remove">;
    readonly runStates: Pick<RunStates, "remove">;
    /** What is kept of how nodes are. */
    readonly statuses: { remove(id: string): void };
    takeOver(id: string): void;
    /** The engine is to look at a node. */
    touch(id: string): void;
  },
): Moves {
  const { replica, nodes, ownId, isRoot, children, persistence, adopting, runStates, statuses, touch } = parts;
  const { placement } = nodes;
  const doubtful = new Set(
    [...replica.ids()].filter((id) => !isRoot && id !== ownId && placement.via(id) === undefined),
  );

  function moved({ id, before, after }: Move): void {
    if (before === id) {
      children.remove(id);
      runStates.remove(id);
      adopting.remove(id);
      statuses.remove(id);
    } else if (before !== undefined) children.left(before, id);
    if (after === id) queueMicrotask(() => parts.takeOver(id));
    else if (after !== undefined) {
      replica.renew(id);
      children.arrived(after, id);
      children.changed(id, "cfg", []);
    } else if (!isRoot) doubtful.add(id);
    touch(id);
  }

  /** Somebody else holds it now. */
  function forget(id: string): void {
    const last = placement.via(id);
    replica.remove(id);
    persistence.forget(id);
    for (const move of placement.update(id)) if (move.id !== id) moved(move);
    if (last === id) {
      children.remove(id);
      runStates.remove(id);
      adopting.remove(id);
    } else if (last !== undefined) children.refresh(last);
    nodes.changed(id);
    statuses.remove(id);
    touch(id);
  }

  return {
    moved,
    doubt: (id) => void doubtful.add(id),
    forgetDoubtful() {
      for (const id of doubtful) {
        if (children.isLeaving(id)) continue;
        doubtful.delete(id);
        if (id !== ownId && placement.via(id) === undefined) forget(id);
      }
    },
    forgotten(ids) {
      for (const id of ids) {
        // Whoever has to hear where it is now is told that first.
        if (children.isLeaving(id) && placement.via(id) === undefined) doubtful.add(id);
        else forget(id);
      }
    },
  };
}
