import * as v from "valibot";
import { definePeerCommand } from "../peer_command.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const times = v.object({ times: v.array(v.number()) });
const nothing = v.object({});
const samples = v.object({ samples: count, number: count });

/** How long a request to the API of an aggregator that has much to do may take, in milliseconds. */
export const API_LIMIT = 120_000;

/** The name of the simulated node of a number. */
export function loadNodeName(number: number): string {
  return `n${String(number).padStart(5, "0")}`;
}

/** What a generator can be asked to do. */
export const GENERATOR = {
  /** Makes more agents, of the nodes with the numbers from `first` on. They are silent until `start`. */
  prepare: definePeerCommand(
    "prepare",
    v.object({
      cluster: v.string(),
      parent: v.string(),
      broker: v.string(),
      api: v.string(),
      first: count,
      count,
    }),
    nothing,
  ),
  /** Starts all links at once, and answers when all are level or the limit is over. */
  start: definePeerCommand("start", v.object({ limit: count }), v.object({ level: count })),
  /** See `measureCfg`. */
  cfg: definePeerCommand("cfg", samples, times),
  /** See `measureDsc`. */
  dsc: definePeerCommand("dsc", samples, times),
  /** See `absorb`. */
  absorb: definePeerCommand(
    "absorb",
    v.object({ ms: count }),
    v.object({ acked: count, ms: v.number(), unacked: count, weighedChanges: count, weighedBytes: count }),
  ),
  /** See `changeSteadily`; once a second where it is not said. */
  steady: definePeerCommand("steady", v.object({ ms: count, every: v.optional(count) }), v.object({ changes: count })),
  /** Asks the aggregator for what every agent has discovered last. */
  verify: definePeerCommand("verify", nothing, v.object({ checked: count, wrong: count })),
  /** What all agents have counted since they were made, what waits at their broker, and how many are level now. */
  counts: definePeerCommand(
    "counts",
    nothing,
    v.object({
      ...{ frames: count, retransmits: count, births: count },
      ...{ waiting: count, waitingBytes: count, level: count },
    }),
  ),
} as const;
