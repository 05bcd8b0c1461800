import { assignmentIn, assignmentNumber, heldBy, newestVersion } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { Machine, Place } from "./ownership.ts";

/** Reads from the documents what matters to the ownership of a node. */
export interface Facts {
  /** Returns where the root has assigned the node. */
  place(id: string): Place;
  /** Returns the number of its assignment. */
  assignment(id: string): number;
  /**
   * Returns the latest assignment under which the node has written a value that is stored here, and so has joined an
   * aggregator.
   */
  joined(id: string): number;
  /** Returns what is known of its machine. Equal results are one object, because there are thousands of nodes. */
  machine(id: string): Machine;
}

/** Creates the {@link Facts}. */
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
        control: controlOf(node?.cfg.get("/platform")),
      };
      const key = Object.values(machine).join();
      const known = machines.get(key);
      if (known === undefined) machines.set(key, machine);
      return known ?? machine;
    },
  };
}

/** Maps a value of `/platform` to what can change the power of the machine. */
function controlOf(platform: unknown): Machine["control"] {
  if (platform === "none") return "none";
  return platform === "manual" ? "person" : "controller";
}

/** Maps a value of `/physState` to whether anything runs on the machine. */
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
