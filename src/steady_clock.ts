import type { Clock } from "./clock.ts";

/** Interval between two checks of the clock, in milliseconds. */
const TICK = 1_000;
/** A longer gap between two checks means that the program stood still, in milliseconds. */
const STANDSTILL = 3_000;
/** How much too early timers may fire, in milliseconds. */
const PRECISION = 1;

/**
 * Creates a clock, based on `clock`, that stands still while the program does: when the machine was suspended, or the
 * process was stopped or blocked by its disk. Afterwards nothing is due that was not due before, so nodes that could
 * not be heard do not count as lost.
 */
export function createSteadyClock(clock: Clock): Clock {
  let missed = 0;
  /**
   * At least the due time of the last timer: a timer that fires a fraction too early must not wait for that fraction
   * again.
   */
  let least = -Infinity;
  let looked = 0;
  let waiting = 0;
  let cancelLook: (() => void) | undefined;

  function now(): number {
    const at = clock.now();
    const gap = at - looked;
    if (waiting > 0 && gap > STANDSTILL) missed += gap - TICK;
    looked = at;
    return Math.max(least, at - missed);
  }
  function look(): void {
    now();
    cancelLook = waiting > 0 ? clock.after(TICK, look) : undefined;
  }
  return {
    now,
    wall: () => clock.wall(),
    after(ms, run) {
      const due = now() + Math.max(0, ms);
      waiting++;
      cancelLook ??= clock.after(TICK, look);
      let cancel = arm();
      let done = false;
      function end(): boolean {
        if (done) return false;
        done = true;
        waiting--;
        if (waiting > 0) return true;
        cancelLook?.();
        cancelLook = undefined;
        return true;
      }
      function arm(): () => void {
        return clock.after(due - now(), () => {
          if (due - now() > PRECISION) cancel = arm();
          else if (end()) {
            least = Math.max(least, due);
            run();
          }
        });
      }
      return () => {
        if (end()) cancel();
      };
    },
  };
}
