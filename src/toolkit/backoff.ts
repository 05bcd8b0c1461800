import type { Random } from "../clock.ts";

/**
 * A time that doubles from `base` to `cap`.
 *
 * @param base The first, in milliseconds.
 * @param cap The longest, in milliseconds.
 * @param times How often it has doubled, from 0.
 * @returns Milliseconds.
 */
export function doubling(base: number, cap: number, times: number): number {
  return Math.min(cap, base * 2 ** times);
}

/**
 * How long to wait before another attempt: doubles from `base` to `cap`, and of that a random share between half and all, so that
 * many that failed at once do not come back at once.
 *
 * @param base The wait after the first failure, in milliseconds.
 * @param cap The longest wait, in milliseconds.
 * @param failures How many failures came before the last one, from 0.
 * @returns Milliseconds.
 */
export function backoff(base: number, cap: number, failures: number, random: Random): number {
  return doubling(base, cap, failures) * (0.5 + random() / 2);
}
