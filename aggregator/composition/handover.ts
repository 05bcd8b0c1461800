import { answerReleases, requestReleases } from "../handover/release.ts";
import { followMoves } from "../handover/moves.ts";
import { createStandbyNotice, followStandbys } from "../handover/standby.ts";
import { createSuspicions } from "../evidence/suspicions.ts";
import type { Links } from "./links.ts";
import type { Ownership } from "./ownership.ts";
import type { State } from "./state.ts";

/** Makes what moves nodes between aggregators: the root decides, those below answer. */
export function createHandover(
  state: State,
  { owners, standing }: Ownership,
  { children, batchWriter, upstreamLink }: Links,
) {
  const { ownId, isRoot, changes, clock, replica, nodes, commits, events, discovered, cfg } = state;

  followMoves({
    ...{ replica, nodes, ownId, isRoot, changes, commits, children, batchWriter },
    isBehind: () => upstreamLink?.link.isBehind ?? true,
  });
  const releases = answerReleases({
    ...{ replica, ownId, clock, changes },
    hasReleased: owners.hasReleased,
    isComplete: () => standing.isComplete,
    tell: discovered.own,
  });
  const requests = isRoot
    ? requestReleases({ replica, nodes, cfg, ownId, clock, changes, hasReleased: owners.hasReleased })
    : undefined;
  const offers = createSuspicions({
    clock,
    tell: (standby, why) => events.add({ node: nodes.read(standby)?.name ?? standby, kind: "standby offered", why }),
  });
  if (isRoot) followStandbys({ replica, nodes, changes, cfg, events, offered: offers.claimed });
  const standbyNotice = createStandbyNotice({ replica, ownId, changes, tell: discovered.own });
  return { releases, requests, standbyNotice };
}
