import type { Ask } from "./driver.ts";

/** Limits how much work runs at a time; the rest waits in a queue. */
export interface Concurrency {
  /**
   * Runs work when there is room. Urgent work comes first. The caller is told if the work has to wait, and when the wait
   * ends.
   *
   * @throws The signal's reason, if it fires before the work has begun.
   */
  run<T>(work: () => Promise<T>, ask: Ask): Promise<T>;
}

/** Makes a limit of `most` pieces of work at a time. */
export function createConcurrency(most: number): Concurrency {
  let running = 0;
  const urgentLine: (() => void)[] = [];
  const line: (() => void)[] = [];

  function room({ signal, urgent, queued }: Ask): Promise<void> {
    signal.throwIfAborted();
    if (running < most) {
      running++;
      return Promise.resolve();
    }
    const waiting = urgent ? urgentLine : line;
    const done = queued?.();
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        done?.();
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        done?.();
        reject(signal.reason);
      };
      waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
  function release(): void {
    const next = urgentLine.shift() ?? line.shift();
    if (next === undefined) running--;
    else next(); // takes over the place
  }

  return {
    async run(work, ask) {
      await room(ask);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
