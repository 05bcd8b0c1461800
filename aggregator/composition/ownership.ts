import { createFreezer } from "../engine/freezer.ts";
import { createAdopting } from "../handover/adopting.ts";
import { createElsewhere } from "../handover/elsewhere.ts";
import { createFence } from "../handover/fence.ts";
import { createTakingOver } from "../handover/taking_over.ts";
import { createRunStates } from "../nodes/run_state.ts";
import type { AggregatorParts } from "../types.ts";
import type { State } from "./state.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;
/** The same for a node that was given to it: agents ask a standby and the lost one by turns, each for 20 to 30 s. */
const ADOPT_GRACE = 120_000;

/** What may be done to nodes, and what their silence means. */
export type Ownership = ReturnType<typeof createOwnership>;

/** Makes what decides whether this aggregator may act on a node. */
export function createOwnership(state: State, { grace }: Pick<AggregatorParts, "grace">) {
  const { name, ownId, isRoot, log, changes, clock, broker, store, stored, replica, term, childTerms } = state;
  const { nodes, events, discovered, cfg } = state;

  const freezer = createFreezer({
    ...{ nodes, store, events, discovered, changes, ownId },
    patchCfg: cfg.patch,
    frozen: stored.facts.get("frozen") === true,
    frozenAbove: () => !isRoot && replica.get(ownId)?.facets.parent.get("/frozen")?.value === true,
  });
  const fence = createFence({
    ...{ name, ownId, clock, events, changes },
    hasParent: !isRoot,
    standby() {
      const standby = replica.get(ownId)?.facets.cfg.get("/standby")?.value;
      return typeof standby === "string" ? standby : undefined;
    },
  });
  const elsewhere = createElsewhere({ replica, store, facts: stored.facts, log });
  const adopting = createAdopting({
    ...{ replica, nodes, changes, clock },
    isElsewhere: elsewhere.has,
    grace: grace + ADOPT_GRACE,
    termOf: childTerms.of,
  });
  const runStates = createRunStates({
    ...{ nodes, discovered, changes, clock, grace },
    resumeGrace: grace + RESUME_GRACE,
    isAwaited: adopting.isAwaited,
    isFenced: () => fence.isUp || broker.isDeaf,
  });
  const takingOver = createTakingOver({
    ...{ term, replica, nodes, discovered, adopting, runStates, changes, log },
    tellFreeze: freezer.tell,
  });
  return { freezer, fence, elsewhere, adopting, runStates, takingOver };
}
