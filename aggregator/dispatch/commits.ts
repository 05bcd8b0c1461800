import type { FacetName } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Placement } from "../tree/placement.ts";
import type { Changes } from "./changes.ts";

/** What an aggregator says of its nodes to those above. */
export const STATUS = "/engine/status";

/** Turns what is committed to a replica into events. */
export interface Commits {
  /** Runs what takes a child's values in: they are told as brought by it. */
  broughtBy(child: string, run: () => void): void;
  /** Forgets a node. */
  forget(id: string): void;
  /** Tells of nothing any more. */
  stop(): void;
}

/** What commits are followed with. */
export interface CommitsParts {
  readonly replica: Replica;
  /** What is worked out from the replica: it is right before anybody hears of a commit. */
  readonly nodes: { readonly placement: Placement; changed(id: string): void };
  readonly changes: Pick<Changes, "post" | "turn">;
}

/** Follows a replica. Each commit is a turn, or a part of one. */
export function followCommits({ replica, nodes, changes }: CommitsParts): Commits {
  const { placement } = nodes;
  let from: string | undefined;

  function committed(id: string, facet: FacetName, urls: readonly string[]): void {
    const moves = facet === "cfg" ? placement.update(id) : [];
    nodes.changed(id);
    if (facet !== "cfg") return discovered(id, facet, urls);
    changes.turn(() => {
      for (const move of moves) changes.post({ kind: "Moved", ...move });
      changes.post({ kind: "CfgChanged", id, urls });
      if (urls.includes("/assignment")) {
        changes.post({ kind: "AssignmentChanged", id, isMoved: moves.length > 0 });
      }
    });
  }
  function discovered(id: string, facet: "parent" | "self", urls: readonly string[]): void {
    if (facet === "parent" && urls.every((url) => url === STATUS)) {
      return changes.post({ kind: "StatusPublished", id, from });
    }
    if (facet === "self" || !urls.includes("/physState")) {
      return changes.post({ kind: "Discovered", id, facet, urls, from });
    }
    changes.turn(() => {
      changes.post({ kind: "Discovered", id, facet, urls, from });
      changes.post({ kind: "PowerChanged", id });
    });
  }

  return {
    broughtBy(child, run) {
      from = child;
      try {
        run();
      } finally {
        from = undefined;
      }
    },
    forget(id) {
      changes.turn(() => {
        const via = placement.via(id);
        replica.remove(id);
        for (const move of placement.update(id)) if (move.id !== id) changes.post({ kind: "Moved", ...move });
        nodes.changed(id);
        changes.post({ kind: "NodeRemoved", id, via });
      });
    },
    stop: replica.onChange(committed),
  };
}
