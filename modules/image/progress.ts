import type { Clock } from "../../src/clock.ts";

/** How often the progress of a fetch is shown at most, in milliseconds. */
const PROGRESS_INTERVAL = 1_000;

/**
 * Passes percentages on that are news: one a second at most, and 100 at once.
 *
 * @returns What takes each percentage, from 0 to 100.
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
