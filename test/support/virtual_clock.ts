import { setImmediate } from "node:timers";
import type { Clock } from "../../src/clock.ts";

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Moves on by `ms` milliseconds: runs what falls due in order, and lets promises settle before and after each. */
  advance(ms: number): Promise<void>;
  /**
   * Runs timers in order, and lets promises settle between them, until the condition holds.
   *
   * @throws {Error} When it does not hold within `limitMs` milliseconds of this clock.
   */
  runUntil(condition: () => boolean, limitMs: number): Promise<void>;
  /** How many timers wait. */
  readonly waiting: number;
}

/** What {@link VirtualClock.wall} shows when the clock is made: an even moment, the same in every run. */
export const VIRTUAL_EPOCH = Date.UTC(2030, 0, 1);

/** More timers than this without time going on is a loop that would never end. */
const MAX_AT_ONCE = 1_000_000;

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Makes a clock for a test, at 0. Timers of the same moment run in the order in which they were set.
 *
 * @param settle Lets promises settle: all of them, where nothing else is given. Worlds that run for thousands of schedules
 * take {@link settleSome}.
 */
export function createVirtualClock(settle: () => Promise<void> = settleAll): VirtualClock {
  let now = 0;
  let made = 0;
  const timers: Timer[] = []; // the next one last

  /** The place of the first timer that is due no later than this moment and order. */
  function placeOf(at: number, order: number): number {
    let low = 0;
    let high = timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const timer = timers[middle];
      if (timer !== undefined && (timer.at > at || (timer.at === at && timer.order > order))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Runs timers that are due until `limit`, while `goOn`. */
  async function run(limit: number, goOn: () => boolean): Promise<void> {
    let atOnce = 0;
    await settle();
    while (goOn()) {
      const timer = timers.at(-1);
      if (timer === undefined || timer.at > limit) return;
      timers.pop();
      atOnce = timer.at > now ? 0 : atOnce + 1;
      if (atOnce > MAX_AT_ONCE) throw new Error(`Cannot go on from ${now} ms: timers keep falling due at that moment`);
      now = Math.max(now, timer.at);
      timer.run();
      await settle();
    }
  }

  return {
    now: () => now,
    wall: () => VIRTUAL_EPOCH + now,
    after(ms, run) {
      const timer: Timer = { at: now + Math.max(0, ms), order: made++, run };
      timers.splice(placeOf(timer.at, timer.order), 0, timer);
      return () => {
        const place = placeOf(timer.at, timer.order);
        if (timers[place] === timer) timers.splice(place, 1);
      };
    },
    async advance(ms) {
      const limit = now + ms;
      await run(limit, () => true);
      now = limit;
    },
    async runUntil(condition, limitMs) {
      const limit = now + limitMs;
      await run(limit, () => !condition());
      if (condition()) return;
      throw new Error(`Cannot wait longer: after ${limitMs} ms, at ${now} ms, this does not hold: ${condition}`);
    },
    get waiting() {
      return timers.length;
    },
  };
}

/** Lets every promise that can settle do so: a macrotask starts when no microtask is left. */
function settleAll(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** How many promises of a chain settle before the next timer runs. */
const SETTLED = 8;

/** Lets chains of a few promises settle, in far less time than it takes to be sure that none is left. */
export async function settleSome(): Promise<void> {
  for (let left = SETTLED; left > 0; left--) await undefined;
}
