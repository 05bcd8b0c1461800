import { type Clock, systemClock } from "../../src/clock.ts";

/** The machine's clock, on which everything is over four times as fast: what waits for real programs is tested sooner. */
export const fastClock: Clock = {
  now: () => systemClock.now() * 4,
  wall: () => systemClock.wall(),
  after: (ms, run) => systemClock.after(ms / 4, run),
};

/** A clock that goes like another one, and notes what it is asked to wait for, in milliseconds. */
export function noteWaits(clock: Clock): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return { ...clock, waits, after: (ms, run) => (waits.push(ms), clock.after(ms, run)) };
}
