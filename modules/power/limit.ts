/** Lets no more than so many pieces of work run at a time; the rest wait in line. */
export interface Limit {
  /**
   * Runs work when there is room. What is urgent goes before everything that is not.
   *
   * @throws The signal's reason, when it fires before the work has begun.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal, urgent?: boolean): Promise<T>;
}

/** Makes a limit of `most` at a time. */
export function createLimit(most: number): Limit {
  let running = 0;
  const urgentLine: (() => void)[] = [];
  const line: (() => void)[] = [];

  function room(signal: AbortSignal, waiting: (() => void)[]): Promise<void> {
    signal.throwIfAborted();
    if (running < most) {
      running++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
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
    async run(work, signal, urgent = false) {
      await room(signal, urgent ? urgentLine : line);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
