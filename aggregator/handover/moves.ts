import type { Replica } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Commits } from "../dispatch/commits.ts";
import type { Children } from "../links/types.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { BatchWriter } from "../store/batch_writer.ts";

/** What following moves depends on. */
export interface MovesParts {
  readonly replica: Replica;
  readonly nodes: Nodes;
  readonly ownId: string;
  readonly isRoot: boolean;
  readonly changes: Changes;
  readonly commits: Pick<Commits, "forget">;
  readonly children: Pick<Children, "isDeparting">;
  readonly batchWriter: Pick<BatchWriter, "forget">;
  /** Tells whether the parent has sent something that has not arrived; always true at the root, which has no parent. */
  isBehind(): boolean;
}

/**
 * Follows moves of nodes. Values of a node that is now reached through another child are sent again. A node that is no
 * longer below is forgotten once the parent has sent everything and every child that must know has been told.
 *
 * @param parts What it depends on.
 */
export function followMoves(parts: MovesParts): void {
  const { replica, nodes, ownId, isRoot, changes, commits, children, batchWriter } = parts;
  const { placement } = nodes;
  /** Nodes that may no longer be below: a later message may place them here again. */
  const doubtful = new Set(
    [...replica.ids()].filter((id) => !isRoot && id !== ownId && placement.via(id) === undefined),
  );

  /** Forgets a node that another aggregator has now. */
  function forget(id: string): void {
    batchWriter.forget(id);
    commits.forget(id);
  }
  /** Forgets the nodes that are not below by everything the parent has sent, if every child has been told. */
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
    // Reached through the same child under a later assignment: values written under the earlier one must be taken over.
    if (!isMoved && via !== undefined && via !== id) replica.renew(id);
  });
  // After the links have handled the earlier moves.
  changes.on("links", "moves", ["StrayHeard"], ({ id }) => void doubtful.add(id));
  changes.on("links", "moves", ["CaughtUp"], forgetDoubtful);
  changes.on("links", "moves", ["DepartureTold"], () => {
    if (!parts.isBehind()) forgetDoubtful();
  });
  changes.on("links", "moves", ["ParentSilentOn"], ({ ids }) => {
    for (const id of ids) {
      // Children that must hear about the move are told first.
      if (children.isDeparting(id) && placement.via(id) === undefined) doubtful.add(id);
      else forget(id);
    }
  });
}
