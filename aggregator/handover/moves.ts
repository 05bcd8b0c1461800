import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Commits } from "../dispatch/commits.ts";
import type { Children } from "../links/types.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Persistence } from "../store/persistence.ts";

/** What moves are followed with. */
export interface MovesParts {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly ownId: string;
  readonly isRoot: boolean;
  readonly changes: Changes;
  readonly commits: Pick<Commits, "forget">;
  readonly children: Pick<Children, "isDeparting">;
  readonly persistence: Pick<Persistence, "forget">;
  /** Whether the parent has said something that has not arrived; always true at the root, which nobody tells. */
  isBehind(): boolean;
}

/**
 * Follows where nodes are: what was written of one that is reached in another way is told anew, and one that is not below any
 * more is forgotten, once the parent has said all, and every child that has to know has been told.
 */
export function followMoves(parts: MovesParts): void {
  const { replica, nodes, ownId, isRoot, changes, commits, children, persistence } = parts;
  const { placement } = nodes;
  /** Nodes that are perhaps not below any more: what says so may come before what says otherwise. */
  const doubtful = new Set(
    [...replica.ids()].filter((id) => !isRoot && id !== ownId && placement.via(id) === undefined),
  );

  /** Somebody else holds it now. */
  function forget(id: string): void {
    persistence.forget(id);
    commits.forget(id);
  }
  /** Forgets those that are not below by all that the parent has said, and of which every child knows that. */
  function forgetDoubtful(): void {
    for (const id of doubtful) {
      if (children.isDeparting(id)) continue;
      doubtful.delete(id);
      if (id !== ownId && placement.via(id) === undefined) forget(id);
    }
  }

  changes.on("ownership", "moves", ["Moved"], ({ id, after }) => {
    if (after === undefined && !isRoot) doubtful.add(id);
    else if (after !== undefined && after !== id) replica.renew(id);
  });
  changes.on("ownership", "moves", ["AssignmentChanged"], ({ id, isMoved }) => {
    const via = placement.via(id);
    // Reached as before, but by a later assignment: what was written under the one before is to be taken over.
    if (!isMoved && via !== undefined && via !== id) replica.renew(id);
  });
  // Once links know of the moves that came before.
  changes.on("links", "moves", ["StrayHeard"], ({ id }) => void doubtful.add(id));
  changes.on("links", "moves", ["CaughtUp"], forgetDoubtful);
  changes.on("links", "moves", ["DepartureTold"], () => {
    if (!parts.isBehind()) forgetDoubtful();
  });
  changes.on("links", "moves", ["ParentSilentOn"], ({ ids }) => {
    for (const id of ids) {
      // Whoever has to hear where it is now is told that first.
      if (children.isDeparting(id) && placement.via(id) === undefined) doubtful.add(id);
      else forget(id);
    }
  });
}
