import { systemClock } from "../../../../src/clock.ts";
import { within } from "../../../../src/toolkit/mod.ts";

/** Counts what arrives. */
export interface Arrivals {
  arrived(): void;
  reset(): void;
  /**
   * Waits until this many have arrived.
   *
   * @param limit Milliseconds.
   * @returns Milliseconds from the first to the last of them.
   */
  wait(count: number, limit: number): Promise<number>;
}

/** See {@link Arrivals}. */
export function createArrivals(): Arrivals {
  let count = 0;
  let first = 0;
  let last = 0;
  let goal = Infinity;
  let reached = (): void => {};
  return {
    arrived() {
      last = performance.now();
      if (count++ === 0) first = last;
      if (count === goal) reached();
    },
    reset() {
      count = 0;
    },
    async wait(wanted, limit) {
      if (count < wanted) {
        const all = new Promise<void>((resolve) => {
          goal = wanted;
          reached = resolve;
        });
        const late = () => `Only ${count} of ${wanted} messages arrived within ${limit / 1000} s`;
        await within({ clock: systemClock, ms: limit, late }, () => all);
      }
      return last - first;
    },
  };
}
