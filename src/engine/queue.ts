import type { Clock } from "../clock.ts";

/** Ids that wait for a look, each once, in the order in which they came. */
export interface Queue {
  /** Adds an id: the engine looks at it soon. */
  add(id: string): void;
  /** Tells whether this id waits. */
  has(id: string): boolean;
  /** Drops all ids and accepts no more. */
  stop(): void;
}

/**
 * Creates a queue that is processed in slices. Timers, links and requests run between slices.
 *
 * @param clock Runs the slices.
 * @param slice Longest duration of one slice, in milliseconds, not counting its last id.
 * @param work Looks at one id. It may add ids, which wait for a later slice.
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
    let left = waiting.size; // ids that are added meanwhile must not extend this slice
    try {
      for (const id of waiting) {
        if (left-- === 0) break;
        waiting.delete(id);
        work(id);
        if (clock.now() >= end) break;
      }
    } finally {
      cancel = undefined; // not earlier: an id that was added meanwhile must not start a second slice
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
