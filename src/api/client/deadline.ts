import type { Clock } from "../../clock.ts";

/** A time by which something must have happened. */
export interface Deadline {
  /** Fires with a `TimeoutError` when the time is over, or when the outer signal fires. */
  readonly signal: AbortSignal;
  /** Starts the time again, with so many milliseconds. */
  extend(ms: number): void;
  /** Ends the time: nothing fires any more. */
  end(): void;
}

/**
 * Starts a deadline.
 *
 * `AbortSignal.any` with `AbortSignal.timeout` would say the same, but Node 20 collects such a signal as garbage before its
 * time is over, and it never fires.
 */
export function startDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const expire = () => controller.abort(new DOMException("The time is over", "TimeoutError"));
  const end = () => controller.abort(outer.reason);
  let cancel = clock.after(ms, expire);
  outer.addEventListener("abort", end);
  if (outer.aborted) end();
  return {
    signal: controller.signal,
    extend(more) {
      cancel();
      cancel = clock.after(more, expire);
    },
    end() {
      cancel();
      outer.removeEventListener("abort", end);
    },
  };
}
