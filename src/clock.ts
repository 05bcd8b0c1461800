/** Time, injected: programs use {@link systemClock}, tests a clock that they control. */
export interface Clock {
  /** Returns milliseconds since a fixed moment; never goes back. */
  now(): number;
  /**
   * Returns milliseconds since 1970, for people, and for pauses that survive a restart. No order depends on it, because
   * diskless nodes boot without a clock.
   */
  wall(): number;
  /** Calls `run` once after `ms` milliseconds, or at once if that is negative. The returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** A source of random numbers of at least 0, below 1. Injected, so that a test can replay a seed. */
export type Random = () => number;
