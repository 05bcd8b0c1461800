import type { Value } from "../src/state/mod.ts";
import { createDriving } from "./composition/driving.ts";
import { createHandover } from "./composition/handover.ts";
import { createLinks } from "./composition/links.ts";
import { createOwnership } from "./composition/ownership.ts";
import { createState } from "./composition/state.ts";
import { createStatus } from "./composition/status.ts";
import { createMeasure } from "./control/measure.ts";
import { createControl } from "./control/control_service.ts";
import { forgetInferredState } from "./nodes/inferred_state.ts";
import { followState } from "./publish/follow.ts";
import { subtreeCounts } from "./status/health.ts";
import type { Addresses, Aggregator, AggregatorParts } from "./types.ts";

/**
 * Creates an aggregator from the content of its store. It writes with a higher term than any run before it. Without a
 * parent it is the root, whose disk holds the state of the cluster; others hold the state of the nodes below them, and
 * receive it again if they have lost it.
 *
 * @param parts What it depends on.
 * @throws {Error} If the store belongs to another cluster or another aggregator, or cannot be written.
 */
export function createAggregator(parts: AggregatorParts): Aggregator {
  const state = createState(parts);
  const ownership = createOwnership(state, parts);
  const links = createLinks(state, ownership, parts);
  const handover = createHandover(state, ownership, links);
  const driving = createDriving(state, ownership, links, parts);
  const status = createStatus(state, driving, parts);

  const { ownId, isRoot, changes, replica, term, nodes, events, discovered, store, broker, uplink, commits } = state;
  const { freezer, fence, standing, owners, permissionOf } = ownership;
  const { children, batchWriter, upstreamLink, troubles } = links;
  const { engine, modules, policies, agentHolds, retries } = driving;
  const control = createControl({
    ...{ ...state, engine, freezer, permissionOf, agentHolds, troubles },
    warnings: status.warnings,
    facts: state.stored.facts,
    agentModules: parts.agentModules,
    flush: batchWriter.flush,
    retry: retries.retry,
  });
  const follower = parts.publish && followState({
    ...{ ...parts.publish, control, changes, nodes, clock: state.clock, ownId, isRoot, ids: replica.ids },
    isComplete: () => standing.isComplete,
  });
  broker.onTurn((turn) => changes.post({ kind: "BrokerTurned", turn }));
  uplink.onTurn((turn) => changes.post({ kind: "UplinkTurned", turn }));

  /** Announces this run, and continues from what the last one has stored. */
  function begin({ api, broker }: Addresses): void {
    status.readLogLevel();
    forgetInferredState(nodes, discovered);
    retries.start();
    if (isRoot) {
      discovered.parent(ownId, new Map([["/physState", "POWER_ON"], ["/runState", "SYNC"], ["/link", "UP"]]));
    }
    const standbyFor = parts.standbyFor ?? null;
    discovered.own(new Map<string, Value | null>([["/api", api], ["/broker", broker], ["/standbyFor", standbyFor]]));
    status.ground.tellBroker();
    if (parts.lost !== undefined) events.add({ node: parts.name, kind: "store", why: parts.lost });
    freezer.tellAll();
    // Frozen nodes are told first, so that they do not act on what they hear afterwards.
    if (freezer.all) { for (const id of replica.ids()) if (nodes.placement.via(id) !== id) replica.renew(id); }
    policies.take();
    fence.changed();
    handover.standbyNotice.tell();
    owners.begin();
    for (const id of nodes.children()) status.statuses.changed(id);
    if (standing.isComplete) status.statuses.changed(ownId); // an aggregator without nodes reports that too
  }

  return {
    id: ownId,
    runNumber: term.run,
    get isComplete() {
      return standing.isComplete;
    },
    upstreamLink,
    control,
    measure: createMeasure({ ...state, engine, permissionOf, eachNode: parts.nodeMetrics === true }),
    ...(follower !== undefined && { follower }),
    get counts() {
      return {
        children: children.counts,
        engine: engine.counts(),
        subtree: subtreeCounts(nodes.read(ownId)),
        isFrozen: freezer.all,
        ...batchWriter.waiting,
        droppedEvents: events.dropped.count,
        store: { isFailing: store.problem !== undefined, failures: store.failures },
        broker: { isLost: broker.problem !== undefined, losses: broker.losses },
        uplink: isRoot ? undefined : { isLost: uplink.problem !== undefined, losses: uplink.losses },
        documents: [...replica.ids()].length,
        listeners: events.listeners,
        troubles: troubles.list().length,
        warnings: status.warnings.list().length,
        upWaiting: upstreamLink?.link.counts.waiting,
      };
    },
    async start(addresses) {
      changes.turn(() => begin(addresses));
      await modules.start();
      changes.turn(() => {
        engine.touchAll();
        children.callAll();
        follower?.begin();
      });
    },
    receive(child, frame) {
      if (standing.isComplete) children.receive(child, frame);
    },
    life(child, frame) {
      if (standing.isComplete) children.life(child, frame);
    },
    ping: children.ping,
    note: (node, kind, why) => events.add({ node, kind, why }),
    connected: () => changes.turn(children.callAll),
    async stop() {
      follower?.stop();
      engine.stop();
      upstreamLink?.stop();
      children.stop();
      owners.stop();
      status.statuses.stop();
      status.warnings.stop();
      fence.stop();
      handover.releases.stop();
      handover.requests?.stop();
      await modules.stop();
      commits.stop();
      batchWriter.stop();
      store.unwatch();
      broker.stop();
      uplink.stop();
      changes.stop();
    },
  };
}
