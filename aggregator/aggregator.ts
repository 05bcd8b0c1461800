import type { Value } from "../src/state/mod.ts";
import { assemble } from "./assembly.ts";
import { createControl } from "./control/control_service.ts";
import { followChanges } from "./following.ts";
import { standbySeen } from "./handover/standby.ts";
import { forgetConclusions } from "./nodes/conclusions.ts";
import type { BrokerTurn } from "./broker/watch.ts";
import type { Aggregator, AggregatorParts } from "./types.ts";

/**
 * Makes an aggregator from what its store holds. It writes with a higher term than any run before it. Without a way up it
 * is the root, whose disk is the memory of the cluster; others hold what is below them, and learn it anew where they have
 * lost it.
 *
 * @throws {Error} When the store belongs to another cluster or another aggregator, or can't be written.
 */
export function createAggregator(parts: AggregatorParts): Aggregator {
  const { cluster, name, run, clock } = parts;
  const assembly = assemble(parts);
  const { ownId, isRoot, store, replica, term, nodes, domains, events, persistence, discovered, cfg, joining } =
    assembly;
  const { children, takingOver, adopting, lettingGo, releases, standbys, fence, runStates, statuses, subtree } =
    assembly;
  const { engine, freezer, agentHolds, retries, modules, policies, broker, troubles } = assembly;
  const { placement } = nodes;

  function storeTurned(): void {
    const { problem } = store;
    events.add({ node: name, kind: "store", why: problem ?? "its store takes writes again" });
    if (problem === undefined) makeUp();
    subtree.tell();
    engine.touchAll();
  }
  function brokerTurned(turn: BrokerTurn): void {
    tellBroker();
    if (turn === "lost") events.add({ node: name, kind: "broker", why: broker.problem ?? "its broker is lost" });
    else if (broker.losses > 0) events.add({ node: name, kind: "broker", why: "its broker is reached again" });
    for (const id of nodes.children()) statuses.changed(id);
    subtree.tell();
    engine.touchAll();
  }
  /** Those above, and lists of nodes, show since when nothing is known of what is below. */
  function tellBroker(): void {
    const { problem, lostSince } = broker;
    const lost = problem === undefined || lostSince === undefined
      ? null
      : { since: lostSince, why: problem.slice(0, 256) };
    discovered.own(new Map<string, Value | null>([["/brokerLost", lost]]));
  }

  /** Does what could not be done while the store took no writes. */
  function makeUp(): void {
    if (takingOver.makeUp()) children.callAll(); // what links have said meanwhile was not written
    for (const id of placement.aggregators()) {
      standbys?.changed(id, ["/broker", "/standby", "/standbyFor", "/runState"]);
    }
  }

  /** Only an aggregator that knows of its standby keeps still while that one may have taken its nodes over. */
  function tellStandby(): void {
    discovered.own(new Map([["/standbySeen", standbySeen(replica.get(ownId)?.facets.cfg) ?? null]]));
  }

  const unfollow = followChanges({ ...assembly, tellStandby });
  const unlisten = events.listen(({ node }) => {
    const id = nodes.idOf(node);
    if (id !== undefined && nodes.isChild(id)) statuses.changed(id);
  });
  store.onTurn(storeTurned);
  broker.onTurn(brokerTurned);

  return {
    id: ownId,
    runNumber: term.run,
    joining,
    control: createControl({
      ...{ cluster, name, run, ownId, replica, nodes, domains, events, engine, cfg, discovered, freezer },
      ...{ agentHolds, clock, flush: persistence.flush, store, troubles, isRoot, retry: retries.retry },
    }),
    get counts() {
      return {
        children: children.counts,
        ...persistence.waiting,
        droppedEvents: events.dropped.count,
        store: { isFailing: store.problem !== undefined, failures: store.failures },
        broker: { isLost: broker.problem !== undefined, losses: broker.losses },
        documents: [...replica.ids()].length,
        listeners: events.listeners,
        upWaiting: joining?.link.counts.waiting,
      };
    },
    async start({ api, broker }) {
      forgetConclusions(nodes, discovered);
      retries.start();
      if (isRoot) {
        discovered.parent(
          ownId,
          new Map([["/physState", "POWER_ON"], ["/runState", "SYNC"], ["/link", "UP"]]),
        );
      }
      discovered.own(
        new Map<string, Value | null>([
          ["/api", api],
          ["/broker", broker],
          ["/standbyFor", parts.standbyFor ?? null],
        ]),
      );
      tellBroker();
      if (parts.lost !== undefined) events.add({ node: name, kind: "store", why: parts.lost });
      freezer.tellAll();
      // Whoever is frozen hears of that first, and does nothing about what it hears then.
      if (freezer.all) { for (const id of replica.ids()) if (placement.via(id) !== id) replica.renew(id); }
      policies.take();
      fence.changed();
      tellStandby();
      for (const id of nodes.children()) adopting.begin(id);
      for (const id of placement.direct()) {
        if (!term.hasWritten(id)) takingOver.takeOver(id); // it came just before the end of the last run
      }
      runStates.resume();
      for (const id of nodes.children()) statuses.changed(id);
      if (joining?.complete ?? true) statuses.changed(ownId); // one without nodes says so, too
      await modules.start();
      engine.touchAll();
      children.callAll();
    },
    receive(child, frame) {
      if (joining?.complete ?? true) children.receive(child, frame);
    },
    life(child, frame) {
      if (joining?.complete ?? true) children.life(child, frame);
    },
    probe: children.probe,
    note: (node, kind, why) => events.add({ node, kind, why }),
    connected: () => children.callAll(),
    async stop() {
      unlisten();
      engine.stop();
      joining?.stop();
      children.stop();
      runStates.stop();
      statuses.stop();
      fence.stop();
      adopting.stop();
      lettingGo.stop();
      releases?.stop();
      await modules.stop();
      unfollow();
      persistence.stop();
      store.unwatch();
      broker.stop();
    },
  };
}
