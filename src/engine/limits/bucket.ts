import { fullBucket, giveTokenBack, hasTokens, oweToken, type Rate, waitForToken } from "../../toolkit/mod.ts";

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
