import type { Clock } from "../../src/clock.ts";
import { type Assignment, assignmentIn } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import { isDeleted } from "./placement.ts";
import { dropOldest } from "../../src/toolkit/mod.ts";

/** The shortest time between two questions about one node, in milliseconds. */
const ASK_MS = 1_000;
/** The largest number of questions in that time, about all nodes: others are asked about when they are heard again. */
const MAX_ASKED = 100;
/** The largest number of nodes of other aggregators to remember. */
const MAX_STRANGERS = 10_000;

/** Finds where nodes join that are not below this aggregator: the root knows all of them. */
export interface NodeLocator {
  /** Returns where a node joins, if known; otherwise asks the parent, for the next time. */
  of(id: string): Assignment | undefined;
  /** Records the parent's answer. */
  learn(id: string, assignment: Assignment): void;
}

/** Creates the {@link NodeLocator}. @param parts `ask` asks the parent; absent at the root. */
export function createNodeLocator(
  parts: { readonly replica: Replica; readonly clock: Clock; readonly ask: (id: string) => void },
): NodeLocator {
  const unknownMachines = new Map<string, { askedAt: number; told?: Assignment }>();
  let countedSince = -Infinity;
  let asked = 0;

  function mayAsk(now: number): boolean {
    if (now - countedSince >= ASK_MS) {
      countedSince = now;
      asked = 0;
    }
    return ++asked <= MAX_ASKED;
  }
  return {
    of(id) {
      const cfg = parts.replica.get(id)?.facets.cfg;
      if (isDeleted(cfg)) return undefined;
      const here = assignmentIn(cfg);
      if (here !== undefined) return here;
      const stranger = unknownMachines.get(id) ?? { askedAt: -Infinity };
      unknownMachines.delete(id); // the one asked about longest ago comes first
      unknownMachines.set(id, stranger);
      dropOldest(unknownMachines, MAX_STRANGERS);
      const now = parts.clock.now();
      if (now - stranger.askedAt >= ASK_MS && mayAsk(now)) {
        stranger.askedAt = now;
        parts.ask(id);
      }
      return stranger.told;
    },
    learn(id, assignment) {
      const stranger = unknownMachines.get(id);
      if (stranger === undefined) return;
      if (assignment.number >= (stranger.told?.number ?? 0)) stranger.told = assignment;
    },
  };
}
