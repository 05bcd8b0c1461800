/** How much is let through: a burst at once, and so much a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of a {@link Rate}. */
export interface Bucket {
  tokens: number;
  /** When that was so, in milliseconds. */
  at: number;
}

/** Makes a full bucket. @param now In milliseconds, on a clock that does not go back. */
export function fullBucket({ burst }: Rate, now: number): Bucket {
  return { tokens: burst, at: now };
}

/** Takes one out of a bucket. @returns False where there is none. */
export function take(bucket: Bucket, rate: Rate, now: number): boolean {
  bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
