import type { Clock, Random } from "../clock.ts";

/**
 * Waits `ms` milliseconds.
 *
 * @throws The signal's reason, when it fires first.
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

/** A limit in time. */
export interface TimeLimit {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds. */
  readonly ms: number;
  /** The message of the error when the time is over. */
  readonly late: string | (() => string);
  /** Ends it before its time. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does work that may take so long at most: its signal fires then, and with the limit's. Work that does not end with its signal is not
 * waited for.
 *
 * @throws {Error} `late` as its message, when the time is over; the limit's signal's reason, when that fires; what the work throws.
 */
export async function within<T>(
  { clock, ms, late, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const timeout = new AbortController();
  const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
  const cancel = clock.after(ms, () => {
    // Named here, since Node 20 collects a signal of `any` that only its sources refer to, and then it never fires.
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
 * Runs something again and again. The next time is set before each run, so that one that throws does not end it.
 *
 * @param ms From one run to the next, and to the first one, in milliseconds.
 * @returns Ends it.
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
 * A time that doubles from `base` to `cap`.
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
 * How long to wait before another attempt: doubles from `base` to `cap`, and of that a random share between half and all, so that
 * many that failed at once do not come back at once.
 *
 * @param base The wait after the first failure, in milliseconds.
 * @param cap The longest wait, in milliseconds.
 * @param failures How many failures came before the last one, from 0.
 * @returns Milliseconds.
 */
export function backoff(base: number, cap: number, failures: number, random: Random): number {
  return doubling(base, cap, failures) * (0.5 + random() / 2);
}
