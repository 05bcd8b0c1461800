import type { Clock } from "../../src/clock.ts";

/** Shortest time between two reports of the progress of a fetch, in milliseconds. */
const PROGRESS_INTERVAL = 1_000;

/**
 * Passes on changed percentages: at most one a second, and 100 at once.
 *
 * @param clock Measures the time.
 * @param show Receives the percentages.
 * @returns A function that takes each percentage, from 0 to 100.
 */
export function showSeldom(clock: Clock, show: (percent: number) => void): (percent: number) => void {
  let shown = { percent: -1, at: -Infinity };
  return (percent) => {
    const now = clock.now();
    const isDue = percent !== shown.percent && (percent === 100 || now - shown.at >= PROGRESS_INTERVAL);
    if (!isDue) return;
    shown = { percent, at: now };
    show(percent);
  };
}
