import type { Behaviour } from "../cluster/cluster.ts";

/**
 * How the demo's machines behave: like real ones, in fast motion. Now and then a BMC answers with an error, so that there is
 * something to repair.
 */
export const behaviour: Behaviour = {
  seed: 1,
  bootDelay: { min: 500, mode: 1000, max: 4000 },
  resetDelay: { min: 50, mode: 200, max: 1000 },
  failProbability: 0.05,
  hangProbability: 0,
};
