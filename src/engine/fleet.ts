import { createHash } from "node:crypto";
import { goalsOf, type MutationKey } from "../plan/mod.ts";
import { canonicalText } from "../state/mod.ts";
import type { EngineNode } from "./node.ts";
import type { FleetHold } from "./types.ts";

/** The largest number of failures, of different mutations and goals, to count at a time. */
const MAX_COUNTED = 1000;
/** The largest number of nodes to name in one sentence. */
const MAX_NAMED = 5;

/** Counts failures of the same mutation for the same goals over all nodes. */
export interface Fleet {
  /** Counts a failure. @returns The hold, if this failure causes one. */
  fail(key: MutationKey, node: EngineNode, reason: string, now: number): FleetHold | undefined;
  /** Records a success: failures before and after it are not in a row. */
  succeed(key: MutationKey, node: EngineNode): void;
  /** Returns the hold on a mutation of a node. */
  holdOf(key: MutationKey, node: EngineNode): FleetHold | undefined;
  holds(): FleetHold[];
  /** Ends these holds, or all holds without an argument. @returns The holds that existed. */
  release(which?: readonly FleetHold[]): FleetHold[];
}

interface Streak {
  readonly mutation: MutationKey;
  readonly goals: string;
  readonly nodes: Set<string>;
  hold: FleetHold | undefined;
}

/**
 * Creates the memory of a fleet.
 *
 * @param most Returns the number of consecutive nodes after which a mutation is held.
 * @param before Holds of an earlier run.
 */
export function createFleet(most: () => number, before: readonly FleetHold[]): Fleet {
  const streaks = new Map<string, Streak>();
  for (const hold of before) {
    const { mutation, goals, nodes } = hold;
    streaks.set(nameOf(mutation, goals), { mutation, goals, nodes: new Set(nodes), hold });
  }
  let held = streaks.size;

  function find(key: MutationKey, node: EngineNode): Streak | undefined {
    return streaks.size === 0 ? undefined : streaks.get(nameOf(key, goalsHash(node)));
  }
  function countOf(key: MutationKey, goals: string): Streak {
    const known = streaks.get(nameOf(key, goals));
    if (known !== undefined) return known;
    if (streaks.size >= MAX_COUNTED) {
      for (const [name, { hold }] of streaks) {
        if (hold !== undefined) continue;
        streaks.delete(name);
        break;
      }
    }
    const made: Streak = { mutation: key, goals, nodes: new Set(), hold: undefined };
    streaks.set(nameOf(key, goals), made);
    return made;
  }

  const self: Fleet = {
    fail(key, node, reason, now) {
      const streak = countOf(key, goalsHash(node));
      if (streak.hold !== undefined) return undefined;
      streak.nodes.add(node.name);
      if (streak.nodes.size < most()) return undefined;
      held++;
      streak.hold = { mutation: key, goals: streak.goals, nodes: [...streak.nodes], reason, since: now };
      return streak.hold;
    },
    succeed(key, node) {
      const streak = find(key, node);
      if (streak !== undefined && streak.hold === undefined) streaks.delete(nameOf(key, streak.goals));
    },
    holdOf: (key, node) => held === 0 ? undefined : find(key, node)?.hold,
    holds: () => [...streaks.values()].flatMap(({ hold }) => hold ?? []),
    release(which) {
      const released = which ?? self.holds();
      for (const { mutation, goals } of released) streaks.delete(nameOf(mutation, goals));
      held -= released.length;
      return [...released];
    },
  };
  return self;
}

/** Describes a fleet-wide hold in words. */
export function describeFleetHold({ mutation, nodes, reason }: FleetHold): string {
  const more = nodes.length > MAX_NAMED ? ` and ${nodes.length - MAX_NAMED} more` : "";
  return `${mutation} failed on ${nodes.length} nodes in a row for the same goals (${
    nodes.slice(0, MAX_NAMED).join(", ")
  }${more}), last on ${nodes.at(-1) ?? "one of them"}: ${reason}`;
}

function nameOf(key: MutationKey, goals: string): string {
  return `${goals} ${key}`;
}

/** Hashes the goals of `node`: nodes with the same goals have the same hash, whatever the versions of their cfg. */
export function goalsHash(node: Pick<EngineNode, "planner" | "cfg">): string {
  const goals = goalsOf(node.planner.domain, node.cfg).sort((a, b) => a.url < b.url ? -1 : 1);
  const text = canonicalText(goals.map(({ url, value }) => [url, value]));
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
