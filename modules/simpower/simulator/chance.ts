import type { Random } from "../../../src/clock.ts";
import type { Delay } from "./config.ts";

/** Creates a small random number generator (mulberry32): the same `seed` gives the same behaviour. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws with `random` from a triangular distribution: at least `min`, most often about `mode`, at most `max`. */
export function triangular({ min, mode, max }: Delay, random: Random): number {
  if (max === min) return min;
  const share = random();
  const turn = (mode - min) / (max - min);
  return share < turn
    ? min + Math.sqrt(share * (max - min) * (mode - min))
    : max - Math.sqrt((1 - share) * (max - min) * (max - mode));
}
