import type { Clock } from "../../src/clock.ts";
import type { UnknownMachines } from "../nodes/unknown_machines.ts";
import { fullBucket, type Rate, takeToken } from "../../src/toolkit/mod.ts";

/** Machines that nobody has seen before: a rack that is switched on, and then as many as ask again within a table's time. */
const NEW: Rate = { burst: 64, perSecond: 8 };

/** Lets so many new machines a second into a table, whatever they are seen by. Others are let in when they ask again. */
export function limitStrangers(unknownMachines: UnknownMachines, clock: Clock): Pick<UnknownMachines, "saw"> {
  const bucket = fullBucket(NEW, clock.now());
  return {
    saw(sight) {
      if (unknownMachines.find(sight.mac) !== undefined || takeToken(bucket, NEW, clock.now())) {
        unknownMachines.saw(sight);
      }
    },
  };
}
