import type { Clock } from "../clock.ts";

/** Bounds how often something is done. */
export interface FloodGate {
  /** Counts one more; false when it is one too many and must be refused. */
  pass(): boolean;
  /** Ends its timer. */
  stop(): void;
}

/** One second, in milliseconds. */
const WINDOW = 1000;

/**
 * Makes a gate that lets `limit` through in each second. Once there are more, everything is refused until a whole second
 * had no more than `limit` attempts.
 *
 * @param changed Told once when a flood begins and once when it has ended, with how many were refused meanwhile.
 */
export function createFloodGate(
  parts: {
    readonly clock: Clock;
    readonly limit: number;
    readonly changed: (flooded: boolean, refused: number) => void;
  },
): FloodGate {
  const { clock, limit, changed } = parts;
  let attempts = 0;
  let refused = 0;
  let flooded = false;
  let cancel: (() => void) | undefined;

  function endWindow(): void {
    cancel = undefined;
    const quiet = attempts <= limit;
    attempts = 0;
    if (!flooded) return;
    if (!quiet) return openWindow();
    flooded = false;
    changed(false, refused);
    refused = 0;
  }
  function openWindow(): void {
    cancel = clock.after(WINDOW, endWindow);
  }

  return {
    pass() {
      if (cancel === undefined) openWindow();
      attempts++;
      if (!flooded && attempts > limit) {
        flooded = true;
        changed(true, 0);
      }
      if (flooded) refused++;
      return !flooded;
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
