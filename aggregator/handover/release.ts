import type { Clock } from "../../src/clock.ts";
import { assignmentNumber, equalValues, heldBy, newestVersion, type Value, valuesOf } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { every } from "../../src/toolkit/mod.ts";

/** Interval between two checks, in milliseconds. */
const LOOK_MS = 10_000;
/** How long a moved node may take to join by itself before its holders are asked to release it, in milliseconds. */
const PATIENCE_MS = 20_000;
/** The largest number of nodes that one aggregator is asked to release at a time. */
const MAX_REQUESTED = 64;

const REQUESTED = "/release/requested";
const CONFIRMED = "/release/confirmed";

/** Names a node under an assignment: answers about another assignment do not count. */
function keyOf(id: string, number: number): string {
  return `${id} ${number}`;
}

/** Follows something until it is stopped. */
export interface Follower {
  /** Reports that something may have changed. */
  look(): void;
  stop(): void;
}

function follow(clock: Clock, look: () => void): Follower {
  return { look, stop: every(clock, LOOK_MS, look) };
}

/**
 * Confirms to the root which nodes this aggregator has released. The root writes its request to this aggregator's own
 * cfg. Only state crosses the network, so neither request nor answer can be lost.
 *
 * @param parts `isComplete` tells whether this aggregator knows its nodes; `tell` writes its own `self` facet.
 */
export function answerReleases(
  parts: {
    readonly replica: Replica;
    readonly ownId: string;
    readonly clock: Clock;
    readonly changes: Changes;
    hasReleased(id: string): boolean;
    isComplete(): boolean;
    tell(values: ReadonlyMap<string, Value | null>): void;
  },
): Follower {
  const follower = follow(parts.clock, () => {
    if (!parts.isComplete()) return;
    const requested = textsIn(parts.replica.get(parts.ownId)?.facets.cfg.get(REQUESTED)?.value);
    const confirmed = requested.filter((key) => parts.hasReleased(key.split(" ")[0] ?? ""));
    parts.tell(new Map([[CONFIRMED, confirmed.length === 0 ? null : confirmed]]));
  });
  parts.changes.on("ownership", "releases", ["CfgChanged"], ({ id, urls }) => {
    if (id === parts.ownId && urls.includes(REQUESTED)) follower.look();
  });
  return follower;
}

/**
 * Requests releases, at the root: finds nodes that were moved and have not been heard since, and asks the aggregators
 * that may still have them (their holders) to release them. A deleted aggregator holds no nodes.
 *
 * @param parts What it depends on.
 */
export function requestReleases(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly cfg: Pick<CfgWriter, "keep" | "release">;
    readonly ownId: string;
    readonly clock: Clock;
    readonly changes: Changes;
    hasReleased(id: string): boolean;
  },
): Follower {
  const { replica, nodes, cfg, ownId, clock, changes } = parts;
  /** Nodes with holders, and since when. */
  const held = new Map<string, { readonly number: number; readonly since: number }>();

  function changed(id: string): void {
    const facet = replica.get(id)?.facets.cfg;
    const number = assignmentNumber(facet);
    if (heldBy(facet).length === 0) held.delete(id);
    else if (held.get(id)?.number !== number) held.set(id, { number, since: clock.now() });
  }
  for (const id of replica.ids()) changed(id);
  changes.on("ownership", "release requests", ["AssignmentChanged"], ({ id }) => changed(id));

  function look(): void {
    const asked = new Map<string, string[]>();
    for (const [id, { number, since }] of held) {
      const document = replica.get(id);
      if (newestVersion(document?.facets.self ?? new Map()).assignment >= number) {
        held.delete(id); // it has joined
        continue;
      }
      if (nodes.read(id) === undefined || clock.now() - since < PATIENCE_MS) continue;
      for (const holder of heldBy(document?.facets.cfg)) {
        const key = keyOf(id, number);
        const keys = asked.get(holder) ?? [];
        if (keys.length < MAX_REQUESTED) asked.set(holder, [...keys, key]);
        if (isReleased(id, key, holder)) cfg.release(id, holder);
      }
    }
    for (const holder of nodes.placement.aggregators()) {
      if (holder === ownId) continue;
      const before = valuesOf(replica.get(holder)?.facets.cfg ?? new Map()).get(REQUESTED);
      const after = asked.get(holder);
      if (!equalValues(before ?? null, after ?? null)) cfg.keep(holder, REQUESTED, after ?? null);
    }
  }
  function isReleased(id: string, key: string, holder: string): boolean {
    if (holder === ownId) return parts.hasReleased(id);
    const aggregator = nodes.read(holder);
    return aggregator === undefined || textsIn(aggregator.view.get(CONFIRMED)).includes(key);
  }
  return follow(clock, look);
}

function textsIn(value: Value | null | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
