import type { Random } from "../../../src/clock.ts";

/** Pseudo-random numbers that depend on the seed only (Lehmer's generator). */
export function createRandom(seed: number): Random {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
