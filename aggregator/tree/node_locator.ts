import type { Clock } from "../../src/clock.ts";
import { type Assignment, assignmentIn } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import { isDeleted } from "./placement.ts";
import { dropOldest } from "../../src/toolkit/mod.ts";

/** The shortest time between two questions about one node, in milliseconds. */
const ASK_MS = 1_000;
/** The largest number of questions in that time, about all nodes: others are asked about when they are heard again. */
const MAX_ASKED = 100;
/** The largest number of nodes to remember that are not below this aggregator. */
const MAX_UNKNOWN_NODES = 10_000;

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
  const unknownNodes = new Map<string, { askedAt: number; told?: Assignment }>();
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
      const unknown = unknownNodes.get(id) ?? { askedAt: -Infinity };
      unknownNodes.delete(id); // the one asked about longest ago comes first
      unknownNodes.set(id, unknown);
      dropOldest(unknownNodes, MAX_UNKNOWN_NODES);
      const now = parts.clock.now();
      if (now - unknown.askedAt >= ASK_MS && mayAsk(now)) {
        unknown.askedAt = now;
        parts.ask(id);
      }
      return unknown.told;
    },
    learn(id, assignment) {
      const unknown = unknownNodes.get(id);
      if (unknown === undefined) return;
      if (assignment.number >= (unknown.told?.number ?? 0)) unknown.told = assignment;
    },
  };
}
