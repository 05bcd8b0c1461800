import type { Clock } from "../../src/clock.ts";

/** The clock of one program on a machine of its own: it may jump while the others go on, and ends with the program. */
export interface ProcessClock extends Clock {
  /** The machine was suspended: time goes on by `ms` milliseconds at once, and whatever is due runs at once. */
  jump(ms: number): void;
  /** Somebody set the wall clock, by `ms` milliseconds forward or back. */
  setWall(ms: number): void;
  /** The program is gone: nothing of it runs any more. */
  end(): void;
}

/** Makes a clock for one program, which follows another one. */
export function createProcessClock(base: Clock): ProcessClock {
  let ahead = 0;
  let wallAhead = 0;
  let ended = false;
  const timers = new Map<object, { readonly at: number; readonly run: () => void; cancel: () => void }>();

  function set(key: object, at: number, run: () => void): void {
    const cancel = base.after(at - base.now() - ahead, () => {
      timers.delete(key);
      run();
    });
    timers.set(key, { at, run, cancel });
  }
  return {
    now: () => base.now() + ahead,
    wall: () => base.wall() + ahead + wallAhead,
    after(ms, run) {
      if (ended) return () => {};
      const key = {};
      set(key, base.now() + ahead + Math.max(0, ms), run);
      return () => {
        timers.get(key)?.cancel();
        timers.delete(key);
      };
    },
    jump(ms) {
      ahead += ms;
      const waiting = [...timers].sort(([, a], [, b]) => a.at - b.at);
      for (const [key, { at, run, cancel }] of waiting) {
        cancel();
        set(key, at, run);
      }
    },
    setWall(ms) {
      wallAhead += ms;
    },
    end() {
      ended = true;
      for (const { cancel } of timers.values()) cancel();
      timers.clear();
    },
  };
}
