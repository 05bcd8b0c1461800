import type { Clock } from "../clock.ts";
import { createFleet, describeFleetHold, type Fleet } from "./fleet.ts";
import type { EngineHost } from "./host.ts";
import type { FleetHold, KeptHold } from "./types.ts";

/** The fleet-wide holds, which are kept over restarts. */
export interface FleetHolds {
  readonly fleet: Fleet;
  /** Stores the present holds. */
  keep(): void;
  /** Ends these holds, or all holds without an argument. @returns Whether there were any. */
  release(which?: readonly FleetHold[]): boolean;
}

/**
 * Creates the fleet of an engine, with the holds of an earlier run.
 *
 * @param host Stores the holds.
 * @param clock Dates them.
 * @param most Returns the number of consecutive nodes after which a mutation is held.
 */
export function createFleetHolds(host: EngineHost, clock: Clock, most: () => number): FleetHolds {
  const fleet = createFleet(most, (host.fleet?.kept() ?? []).map(fromKept));

  function fromKept({ heldAt, ...hold }: KeptHold): FleetHold {
    return { ...hold, since: clock.now() - Math.max(0, clock.wall() - heldAt) };
  }
  function keep(): void {
    const ahead = clock.wall() - clock.now();
    host.fleet?.keep(fleet.holds().map(({ since, ...hold }) => ({ ...hold, heldAt: since + ahead })));
  }
  return {
    fleet,
    keep,
    release(which) {
      const released = fleet.release(which);
      for (const hold of released) {
        const why = `A person asked for a retry: ${describeFleetHold(hold)}`;
        host.journal.log({ node: "", kind: "released", mutation: hold.mutation, why });
      }
      if (released.length > 0) keep();
      return released.length > 0;
    },
  };
}
