/** Time, injected: programs use {@link systemClock}, tests a clock that they move themselves. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Milliseconds since 1970, for people to read, and for pauses that outlive a restart. No order is decided by it: diskless nodes boot without one. */
  wall(): number;
  /** Calls `run` once after `ms` milliseconds; a time that is over by now is none. The returned function cancels it. */
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

/** A source of random numbers: at least 0, below 1. Injected, so that a test can replay a seed. */
export type Random = () => number;
