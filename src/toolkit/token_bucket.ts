/** The largest rounding error of a token, from adding fractions. */
const ROUNDING = 1e-6;

/** A rate: a burst at once, and a number of tokens a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** The state of a {@link Rate}. Plain data, because there may be one for each of many senders. */
export interface TokenBucket {
  tokens: number;
  /** The time of this state, in milliseconds. */
  at: number;
}

/**
 * Creates a full bucket. @param now Milliseconds, on a clock that never goes back; the same in all of these functions.
 */
export function fullBucket({ burst }: Rate, now: number): TokenBucket {
  return { tokens: burst, at: now };
}

/** Tells whether `bucket` has `count` tokens at `now` under `rate`. @param count @default 1 */
export function hasTokens(bucket: TokenBucket, rate: Rate, now: number, count = 1): boolean {
  bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
  bucket.at = now;
  return bucket.tokens >= count - ROUNDING;
}

/** Takes a token from `bucket` at `now` under `rate`. @returns False if there is none. */
export function takeToken(bucket: TokenBucket, rate: Rate, now: number): boolean {
  if (!hasTokens(bucket, rate, now)) return false;
  bucket.tokens -= 1;
  return true;
}

/** Takes a token from `bucket` at `now` under `rate` even if there is none: the next one then takes longer. */
export function borrowToken(bucket: TokenBucket, rate: Rate, now: number): void {
  hasTokens(bucket, rate, now);
  bucket.tokens -= 1;
}

/** Returns an unused token to `bucket` at `now` under `rate`. */
export function giveTokenBack(bucket: TokenBucket, rate: Rate, now: number): void {
  hasTokens(bucket, rate, now);
  bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
}

/** Returns the time until `bucket` has a token under `rate`, from `now`, in whole milliseconds. */
export function waitForToken(bucket: TokenBucket, rate: Rate, now: number): number {
  hasTokens(bucket, rate, now);
  return Math.max(0, Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1000));
}
