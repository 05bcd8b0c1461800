import type { Clock } from "../clock.ts";

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

/**
 * Does work that may take `ms` milliseconds at most: its signal fires then, and with the one that is given. Work that does not end
 * with its signal is not waited for.
 *
 * @throws {Error} `late` as its message, when the time is over; the given signal's reason, when that fires; what the work throws.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  late: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const timeout = new AbortController();
  const cancel = clock.after(ms, () => timeout.abort(new Error(late)));
  const either = AbortSignal.any([signal, timeout.signal]);
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
