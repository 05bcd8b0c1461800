import type { Clock } from "../../src/clock.ts";
import { assignmentNumber, equalValues, heldBy, newestVersion, type Value, valuesOf } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Nodes } from "../nodes/nodes.ts";

/** How often what is asked is looked at again, in milliseconds. */
const LOOK_MS = 10_000;
/** How long a node that was moved may take to join by itself before anybody is asked for it, in milliseconds. */
const PATIENCE_MS = 20_000;
/** How long nothing may have been heard of a node that is said to be gone, in milliseconds: agents are born that often. */
const SILENCE_MS = 60_000;
/** The most nodes that one aggregator is asked for at a time. */
const MAX_ASKED = 64;

const ASKED = "/letGo/asked";
const TOLD = "/letGo/told";

/** Names a node under an assignment: what is said of it under another one is of no use. */
function keyOf(id: string, number: number): string {
  return `${id} ${number}`;
}

/** Whether an aggregator has let a node go: it is none of its children, and its agent has not been heard for a while. */
export function hasLetGo(
  { nodes, silence }: { readonly nodes: Nodes; silence(id: string): number },
  id: string,
): boolean {
  return nodes.placement.via(id) !== id && silence(id) >= SILENCE_MS;
}

/** Follows something until it is stopped. */
export interface Follower {
  /** Something may have changed. */
  look(): void;
  stop(): void;
}

function every(clock: Clock, look: () => void): Follower {
  let cancel = clock.after(LOOK_MS, again);
  function again(): void {
    cancel = clock.after(LOOK_MS, again);
    look();
  }
  return { look, stop: () => cancel() };
}

/**
 * Answers the root, which asks in this aggregator's own cfg whether it has let nodes go. Only state crosses the network, so
 * neither question nor answer is lost.
 *
 * @param parts `silence` tells for how long nothing was heard of a node that is no child, in milliseconds; `isComplete`
 * whether this aggregator knows its nodes; `tell` writes its own `self` facet.
 */
export function createLettingGo(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly ownId: string;
    readonly clock: Clock;
    readonly changes: Changes;
    silence(id: string): number;
    isComplete(): boolean;
    tell(values: ReadonlyMap<string, Value | null>): void;
  },
): Follower {
  const follower = every(parts.clock, () => {
    if (!parts.isComplete()) return;
    const asked = textsIn(parts.replica.get(parts.ownId)?.facets.cfg.get(ASKED)?.value);
    const told = asked.filter((key) => hasLetGo(parts, key.split(" ")[0] ?? ""));
    parts.tell(new Map([[TOLD, told.length === 0 ? null : told]]));
  });
  parts.changes.on("ownership", "releases below", ["CfgChanged"], ({ id, urls }) => {
    if (id === parts.ownId && urls.includes(ASKED)) follower.look();
  });
  return follower;
}

/**
 * The root's part: finds nodes that were moved and have not been heard since, and asks the aggregators that may still have
 * them. What these have let go is free: its new aggregator may repair it. An aggregator that people have deleted has none.
 */
export function createReleases(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly cfg: Pick<CfgWriter, "keep" | "release">;
    readonly ownId: string;
    readonly clock: Clock;
    readonly changes: Changes;
    silence(id: string): number;
  },
): Follower {
  const { replica, nodes, cfg, ownId, clock, changes } = parts;
  /** Nodes that others may have, with since when that is so. */
  const held = new Map<string, { readonly number: number; readonly since: number }>();

  function changed(id: string): void {
    const facet = replica.get(id)?.facets.cfg;
    const number = assignmentNumber(facet);
    if (heldBy(facet).length === 0) held.delete(id);
    else if (held.get(id)?.number !== number) held.set(id, { number, since: clock.now() });
  }
  for (const id of replica.ids()) changed(id);
  changes.on("ownership", "releases", ["AssignmentChanged"], ({ id }) => changed(id));

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
        if (keys.length < MAX_ASKED) asked.set(holder, [...keys, key]);
        if (isFree(id, key, holder)) cfg.release(id, holder);
      }
    }
    for (const holder of nodes.placement.aggregators()) {
      if (holder === ownId) continue;
      const before = valuesOf(replica.get(holder)?.facets.cfg ?? new Map()).get(ASKED);
      const after = asked.get(holder);
      if (!equalValues(before ?? null, after ?? null)) cfg.keep(holder, ASKED, after ?? null);
    }
  }
  function isFree(id: string, key: string, holder: string): boolean {
    if (holder === ownId) return hasLetGo(parts, id);
    const aggregator = nodes.read(holder);
    return aggregator === undefined || textsIn(aggregator.view.get(TOLD)).includes(key);
  }
  return every(clock, look);
}

function textsIn(value: Value | null | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
