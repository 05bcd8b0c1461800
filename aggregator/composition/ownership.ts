import { createFreezer } from "../engine/freezer.ts";
import { createClaims } from "../ownership/claims.ts";
import { createFacts } from "../ownership/facts.ts";
import { createFence } from "../ownership/fence.ts";
import { mayAct, type Permission } from "../ownership/mod.ts";
import { createOwners } from "../ownership/owners.ts";
import { createStanding } from "../ownership/standing.ts";
import { createTakeover } from "../ownership/takeover.ts";
import { COMPLETE } from "../store/own_node.ts";
import type { AggregatorParts } from "../types.ts";
import type { State } from "./state.ts";

/** How much longer than a lost link all links may take after a restart of the aggregator, in milliseconds. */
const RESUME_GRACE = 30_000;
/** The same for a node that was given to it: agents ask a standby and the lost one by turns, each for 20 to 30 s. */
const JOIN_GRACE = 120_000;

/** What may be done to nodes, and what their silence means. */
export type Ownership = ReturnType<typeof createOwnership>;

/** Makes what decides whether this aggregator may act on a node. */
export function createOwnership(state: State, { grace }: Pick<AggregatorParts, "grace">) {
  const { name, ownId, isRoot, log, changes, clock, broker, store, stored, replica, term } = state;
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
  const standing = createStanding({
    ...{ ownId, isRoot, replica, changes, fence },
    wasComplete: stored.facts.get(COMPLETE) === true,
  });
  const takeover = createTakeover({
    ...{ term, replica, nodes, discovered, changes, log },
    tellFreeze: freezer.tell,
  });
  const owners = createOwners({
    ...{ nodes, changes, clock, discovered, term },
    facts: createFacts({ replica, nodes }),
    claims: createClaims({ replica, store, facts: stored.facts, log }),
    times: { short: grace, long: grace + RESUME_GRACE, join: grace + JOIN_GRACE },
    takeOver: takeover.takeOver,
    isDeaf: () => fence.isUp || broker.isDeaf,
    isBrokerDeaf: () => broker.isDeaf,
  });
  const permissionOf = (id: string): Permission =>
    mayAct(owners.of(id), standing.now, (each) => nodes.read(each)?.name);
  return { freezer, fence, standing, takeover, owners, permissionOf };
}
