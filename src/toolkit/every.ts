import type { Clock } from "../clock.ts";

/**
 * Runs something again and again. The next time is set before each run, so that one that throws does not end it.
 *
 * @param ms From one run to the next, and to the first one, in milliseconds.
 * @returns Ends it.
 */
export function every(clock: Pick<Clock, "after">, ms: number, run: () => void): () => void {
  let cancel = clock.after(ms, again);
  function again(): void {
    cancel = clock.after(ms, again);
    run();
  }
  return () => cancel();
}
