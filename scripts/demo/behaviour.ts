import type { Behaviour } from "../cluster/cluster.ts";

/** How often a BMC answers with an error, at most; and how many are to at once where many nodes are powered on. */
const FAIL_PROBABILITY = 0.05;
const FAILURES = 2;

/**
 * How the demo's machines behave: like real ones, in fast motion. Now and then a BMC answers with an error, so that there is
 * something to repair; but not on five nodes in a row, which would be held for the whole fleet.
 */
export function behaviourOf(nodes: number): Behaviour {
  return {
    seed: 1,
    bootDelay: { min: 500, mode: 1000, max: 4000 },
    resetDelay: { min: 50, mode: 200, max: 1000 },
    failProbability: Math.min(FAIL_PROBABILITY, FAILURES / nodes),
    hangProbability: 0,
  };
}
