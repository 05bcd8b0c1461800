import type { Clock, Random } from "../clock.ts";

/**
 * Waits `ms` milliseconds by `clock`.
 *
 * @throws The reason of `signal`, if that fires first.
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const over = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", over);
      resolve();
    });
    signal.addEventListener("abort", over, { once: true });
  });
}

/** A time limit. */
export interface TimeLimit {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds. */
  readonly ms: number;
  /** The message of the error when the time is over. */
  readonly late: string | (() => string);
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` with a time limit: its signal fires when the time is over, and with the limit's signal. Work that does
 * not end with its signal is not waited for.
 *
 * @throws {Error} With the message `late`, when the time is over; the reason of the limit's signal, if that fires;
 *   errors of the work.
 */
export async function within<T>(
  { clock, ms, late, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const timeout = new AbortController();
  const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
  const cancel = clock.after(ms, () => {
    // Named here, because Node 20 collects a signal of `any` to which only its sources refer, and then it never fires.
    if (!either.aborted) timeout.abort(new Error(typeof late === "string" ? late : late()));
  });
  let leave = () => {};
  const over = new Promise<never>((_resolve, reject) => {
    const end = () => reject(either.reason);
    either.addEventListener("abort", end, { once: true });
    leave = () => either.removeEventListener("abort", end);
  });
  try {
    return await Promise.race([over, work(either)]);
  } finally {
    leave();
    cancel();
  }
}

/**
 * Calls `run` repeatedly. The next call is scheduled before each call, so that an error does not end the series.
 *
 * @param clock Times the calls.
 * @param ms Time between two calls, and before the first one, in milliseconds.
 * @returns A function that ends it.
 */
export function every(clock: Pick<Clock, "after">, ms: number, run: () => void): () => void {
  let cancel = clock.after(ms, again);
  function again(): void {
    cancel = clock.after(ms, again);
    run();
  }
  return () => cancel();
}

/**
 * Returns a time that doubles from `base` to `cap`.
 *
 * @param base The first, in milliseconds.
 * @param cap The longest, in milliseconds.
 * @param times How often it has doubled, from 0.
 * @returns Milliseconds.
 */
export function doubling(base: number, cap: number, times: number): number {
  return Math.min(cap, base * 2 ** times);
}

/**
 * Returns the pause before another attempt: it doubles from `base` to `cap`, and a random share between half and all of
 * it is used, so that many callers that failed together do not return together.
 *
 * @param base The pause after the first failure, in milliseconds.
 * @param cap The longest pause, in milliseconds.
 * @param failures Number of failures before the last one, from 0.
 * @param random The source of randomness.
 * @returns Milliseconds.
 */
export function backoff(base: number, cap: number, failures: number, random: Random): number {
  return doubling(base, cap, failures) * (0.5 + random() / 2);
}
