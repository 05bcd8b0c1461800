import { fullBucket, giveTokenBack, hasTokens, oweToken, type Rate, waitForToken } from "../../toolkit/mod.ts";

/** A token bucket: it allows `perSecond` starts in a second, and as many at once after a pause. */
export interface Bucket {
  readonly perSecond: number;
  /** Tells whether `count` starts are allowed at `now`, in clock milliseconds. @param count @default 1 */
  has(now: number, count?: number): boolean;
  /** Counts a start. */
  take(now: number): void;
  /** Cancels a start. */
  giveBack(now: number): void;
  /** Returns the time until the next start is allowed, in milliseconds. */
  wait(now: number): number;
}

/**
 * Creates a full bucket.
 *
 * @param perSecond Starts in a second, more than 0.
 * @param now Clock milliseconds.
 */
export function createBucket(perSecond: number, now: number): Bucket {
  const rate: Rate = { burst: Math.max(1, perSecond), perSecond };
  const bucket = fullBucket(rate, now);
  return {
    perSecond,
    has: (now, count) => hasTokens(bucket, rate, now, count),
    take: (now) => oweToken(bucket, rate, now),
    giveBack: (now) => giveTokenBack(bucket, rate, now),
    wait: (now) => waitForToken(bucket, rate, now),
  };
}
