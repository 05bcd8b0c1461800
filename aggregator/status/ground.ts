import type { Value } from "../../src/state/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Discovered } from "../nodes/discovered.ts";
import type { Events } from "../store/events.ts";

/** Reports the state of the store and of the brokers on which an aggregator depends. */
export interface GroundReport {
  /**
   * Writes `/brokerLost`, so that aggregators above and lists of nodes show since when nothing is known of the nodes
   * below.
   */
  tellBroker(): void;
}

/**
 * Creates the {@link GroundReport}. Each change is in the event log.
 *
 * @param parts What it depends on.
 */
export function createGroundReport(
  parts: {
    readonly name: string;
    readonly events: Pick<Events, "add">;
    readonly discovered: Pick<Discovered, "own">;
    readonly broker: {
      readonly problem: string | undefined;
      readonly lostSince: string | undefined;
      readonly losses: number;
    };
    /** The broker to the parent. */
    readonly uplink: { readonly problem: string | undefined; readonly losses: number };
    readonly changes: Changes;
  },
): GroundReport {
  const { name, events, discovered, broker, uplink, changes } = parts;
  function tellBroker(): void {
    const { problem, lostSince } = broker;
    const lost = problem === undefined || lostSince === undefined
      ? null
      : { since: lostSince, why: problem.slice(0, 256) };
    discovered.own(new Map<string, Value | null>([["/brokerLost", lost]]));
  }
  changes.on("status", "ground", ["BrokerTurned"], ({ turn }) => {
    tellBroker();
    if (turn === "lost") events.add({ node: name, kind: "broker", why: broker.problem ?? "its broker is lost" });
    else if (broker.losses > 0) events.add({ node: name, kind: "broker", why: "its broker can be reached again" });
  });
  changes.on("status", "ground", ["UplinkTurned"], ({ turn }) => {
    if (turn === "lost") {
      events.add({ node: name, kind: "broker", why: uplink.problem ?? "the broker to its parent is lost" });
    } else if (uplink.losses > 0) {
      events.add({ node: name, kind: "broker", why: "the broker to its parent can be reached again" });
    }
  });
  changes.on("status", "ground", ["StoreTurned"], ({ problem }) => {
    events.add({ node: name, kind: "store", why: problem ?? "its store takes writes again" });
  });
  return { tellBroker };
}
