import type { Clock } from "../../src/clock.ts";

/** Gathers what is asked about single names, so that it can be asked about many at once. */
export interface Gathering<T> {
  /**
   * Asks about a name, with others. Who asks about one that is gathered already gets the same answer.
   *
   * @throws The signal's reason, when it fires; what is settled as an error.
   */
  ask(name: string, signal: AbortSignal): Promise<T>;
}

/**
 * Makes it.
 *
 * @param wait How long is gathered from the first name on, in milliseconds.
 * @param work Asks about names, and settles each. What it throws is the answer to all that are not settled.
 */
export function createGathering<T>(
  clock: Clock,
  wait: number,
  work: (names: readonly string[], settle: (name: string, answer: T | Error) => void) => Promise<void>,
): Gathering<T> {
  let gathered = new Map<string, Set<(answer: T | Error) => void>>();
  let cancel: (() => void) | undefined;

  async function start(): Promise<void> {
    const mine = gathered;
    gathered = new Map();
    cancel = undefined;
    function settle(name: string, answer: T | Error): void {
      for (const tell of mine.get(name) ?? []) tell(answer);
      mine.delete(name);
    }
    const names = [...mine.keys()];
    let rest = new Error("It was not answered");
    try {
      await work(names, settle);
    } catch (error) {
      rest = error instanceof Error ? error : new Error(String(error));
    }
    for (const name of names) settle(name, rest);
  }
  return {
    ask: (name, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const tell = (answer: T | Error) => {
          signal.removeEventListener("abort", leave);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        };
        const leave = () => {
          asking.delete(tell);
          if (asking.size === 0 && gathered.get(name) === asking) gathered.delete(name);
          if (gathered.size === 0) {
            cancel?.();
            cancel = undefined;
          }
          reject(signal.reason);
        };
        const asking = gathered.get(name) ?? new Set();
        asking.add(tell);
        gathered.set(name, asking);
        signal.addEventListener("abort", leave, { once: true });
        cancel ??= clock.after(wait, () => void start());
      }),
  };
}
