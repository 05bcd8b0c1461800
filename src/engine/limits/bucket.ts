/** So much of a token may be missing: what adding up fractions loses. */
const ROUNDING = 1e-6;

/** A token bucket: it allows `perSecond` starts a second, and as many at once after it has been left alone. */
export interface Bucket {
  readonly perSecond: number;
  /** Tells whether so many starts are allowed now, in clock milliseconds. @param count @default 1 */
  has(now: number, count?: number): boolean;
  /** Counts a start. */
  take(now: number): void;
  /** Takes a start back. */
  giveBack(now: number): void;
  /** How long until the next start is allowed, in milliseconds. */
  wait(now: number): number;
}

/** Makes a full bucket. */
export function createBucket(perSecond: number, now: number): Bucket {
  const burst = Math.max(1, perSecond);
  let tokens = burst;
  let at = now;
  function refill(now: number): void {
    tokens = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
    at = now;
  }
  return {
    perSecond,
    has(now, count = 1) {
      refill(now);
      return tokens >= count - ROUNDING;
    },
    take(now) {
      refill(now);
      tokens -= 1;
    },
    giveBack(now) {
      refill(now);
      tokens = Math.min(burst, tokens + 1);
    },
    wait(now) {
      refill(now);
      return Math.max(0, Math.ceil(((1 - tokens) / perSecond) * 1000));
    },
  };
}
