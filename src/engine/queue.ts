import type { Clock } from "../clock.ts";

/** Ids that wait to be looked at, each once, in the order in which they came. */
export interface Queue {
  /** Lets this id be looked at soon. */
  add(id: string): void;
  /** Tells whether this id waits. */
  has(id: string): boolean;
  /** Forgets all that waits, for good. */
  stop(): void;
}

/**
 * Makes a queue that is worked off in slices, between which timers, links and requests get their turn.
 *
 * @param slice Longest time in milliseconds that one slice takes, but for its last id.
 * @param work Looks at one id. It may add ids: they wait for a later slice.
 */
export function createQueue(clock: Clock, slice: number, work: (id: string) => void): Queue {
  const waiting = new Set<string>();
  let cancel: (() => void) | undefined;
  let stopped = false;

  function schedule(): void {
    if (cancel === undefined && waiting.size > 0) cancel = clock.after(0, workOff);
  }

  function workOff(): void {
    const end = clock.now() + slice;
    let left = waiting.size; // what is added meanwhile can't keep this slice going
    try {
      for (const id of waiting) {
        if (left-- === 0) break;
        waiting.delete(id);
        work(id);
        if (clock.now() >= end) break;
      }
    } finally {
      cancel = undefined; // only now: what was added meanwhile must not start a second slice beside this one
      schedule();
    }
  }

  return {
    add(id) {
      if (stopped) return;
      waiting.add(id);
      schedule();
    },
    has: (id) => waiting.has(id),
    stop() {
      stopped = true;
      cancel?.();
      waiting.clear();
    },
  };
}
