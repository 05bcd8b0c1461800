import { createLettingGo, createReleases } from "../handover/letting_go.ts";
import { followMoves } from "../handover/moves.ts";
import { createStandbyNotice, followStandbys } from "../handover/standby.ts";
import type { Links } from "./links.ts";
import type { State } from "./state.ts";

/** What moves nodes between aggregators. */
export type Handover = ReturnType<typeof createHandover>;

/** Makes what moves nodes between aggregators: the root decides, those below answer. */
export function createHandover(state: State, { children, persistence, joining }: Links) {
  const { ownId, isRoot, changes, clock, broker, replica, nodes, commits, events, discovered, cfg } = state;

  followMoves({
    ...{ replica, nodes, ownId, isRoot, changes, commits, children, persistence },
    isBehind: () => joining?.link.isBehind ?? true,
  });
  const silence = (id: string): number => broker.isDeaf ? 0 : children.silence(id);
  const lettingGo = createLettingGo({
    ...{ replica, nodes, ownId, clock, changes, silence },
    isComplete: () => joining?.complete ?? true,
    tell: discovered.own,
  });
  const releases = isRoot ? createReleases({ replica, nodes, cfg, ownId, clock, changes, silence }) : undefined;
  if (isRoot) followStandbys({ replica, nodes, changes, cfg, events });
  const standbyNotice = createStandbyNotice({ replica, ownId, changes, tell: discovered.own });
  return { lettingGo, releases, standbyNotice };
}
