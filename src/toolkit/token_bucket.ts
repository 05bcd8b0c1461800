/** So much of a token may be missing: what adding up fractions loses. */
const ROUNDING = 1e-6;

/** How much is let through: a burst at once, and so much a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of a {@link Rate}. As data, since there may be one for each of many senders. */
export interface TokenBucket {
  tokens: number;
  /** When that was so, in milliseconds. */
  at: number;
}

/** Makes a full bucket. @param now In milliseconds, on a clock that does not go back: so in all of these functions. */
export function fullBucket({ burst }: Rate, now: number): TokenBucket {
  return { tokens: burst, at: now };
}

/** Tells whether so many tokens are there. @param count @default 1 */
export function hasTokens(bucket: TokenBucket, rate: Rate, now: number, count = 1): boolean {
  bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * rate.perSecond);
  bucket.at = now;
  return bucket.tokens >= count - ROUNDING;
}

/** Takes one out. @returns False where there is none. */
export function takeToken(bucket: TokenBucket, rate: Rate, now: number): boolean {
  if (!hasTokens(bucket, rate, now)) return false;
  bucket.tokens -= 1;
  return true;
}

/** Takes one out whether or not it is there: what comes next waits the longer. */
export function oweToken(bucket: TokenBucket, rate: Rate, now: number): void {
  hasTokens(bucket, rate, now);
  bucket.tokens -= 1;
}

/** Puts one back that was not used. */
export function giveTokenBack(bucket: TokenBucket, rate: Rate, now: number): void {
  hasTokens(bucket, rate, now);
  bucket.tokens = Math.min(rate.burst, bucket.tokens + 1);
}

/** How long until there is one, in whole milliseconds. */
export function waitForToken(bucket: TokenBucket, rate: Rate, now: number): number {
  hasTokens(bucket, rate, now);
  return Math.max(0, Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1000));
}
