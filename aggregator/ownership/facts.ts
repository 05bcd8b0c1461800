import { assignmentIn, assignmentNumber, heldBy, newestVersion } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Machine, Place } from "./ownership.ts";

/** Reads what the documents say of a node's owner. */
export interface Facts {
  /** Where the root has put it. */
  place(id: string): Place;
  /** The number of its assignment. */
  assignment(id: string): number;
  /** The latest assignment under which it has written something that is here: it has joined an aggregator under that one. */
  joined(id: string): number;
  /** What is known of its machine. Those that are equal are one object, as there are thousands. */
  machine(id: string): Machine;
}

/** See {@link Facts}. */
export function createFacts({ replica, nodes }: { readonly replica: Replica; readonly nodes: Nodes }): Facts {
  const machines = new Map<string, Machine>();

  function assignment(id: string): number {
    return assignmentNumber(replica.get(id)?.facets.cfg);
  }
  return {
    assignment,
    place(id) {
      const cfg = replica.get(id)?.facets.cfg;
      const via = nodes.placement.via(id);
      if (via === id) return { kind: "here", assignment: assignment(id), holders: heldBy(cfg) };
      const to = assignmentIn(cfg);
      return via === undefined ? { kind: "elsewhere", to } : { kind: "below", via, to };
    },
    joined: (id) => newestVersion(replica.get(id)?.facets.self ?? new Map()).assignment,
    machine(id) {
      const node = nodes.read(id);
      const runState = node?.view.get("/runState");
      const machine: Machine = {
        power: powerOf(node?.view.get("/physState")),
        agent: runState === "SYNC" || runState === "INIT" ? runState : "other",
        isWantedOff: node?.cfg.get("/physState") === "POWER_OFF",
        isAggregator: nodes.placement.isAggregator(id),
      };
      const key = Object.values(machine).join();
      const known = machines.get(key);
      if (known === undefined) machines.set(key, machine);
      return known ?? machine;
    },
  };
}

/** What a value of `/physState` says of whether something runs on a machine. */
function powerOf(physState: unknown): Machine["power"] {
  switch (physState) {
    case "POWER_ON":
      return "on";
    case "POWER_OFF":
    case "POWER_CYCLE": // what comes next is a new agent
      return "off";
    case "PHYS_HANG":
      return "hung";
    case "PHYS_ERROR":
      return "faulty";
    default:
      return "unknown";
  }
}
