import type { Clock } from "../../src/clock.ts";

/** Gathers what is asked about single names, so that it can be asked about many at once. */
export interface Gathering<T> {
  /**
   * Asks about a name, with others, within `wait` milliseconds. Who asks about one that is gathered already gets the same answer.
   *
   * @throws The signal's reason, when it fires; what is settled as an error.
   */
  ask(name: string, wait: number, urgent: boolean, signal: AbortSignal): Promise<T>;
}

/**
 * Makes it.
 *
 * @param work Asks about names, and settles each. What it throws is the answer to all that are not settled.
 */
export function createGathering<T>(
  clock: Clock,
  work: (
    names: readonly string[],
    settle: (name: string, answer: T | Error) => void,
    urgent: boolean,
  ) => Promise<void>,
): Gathering<T> {
  let gathered = new Map<string, Set<(answer: T | Error) => void>>();
  let urgent = false;
  let due = Infinity;
  let cancel = () => {};

  async function start(): Promise<void> {
    const mine = gathered;
    const urgently = urgent;
    gathered = new Map();
    urgent = false;
    due = Infinity;
    function settle(name: string, answer: T | Error): void {
      for (const tell of mine.get(name) ?? []) tell(answer);
      mine.delete(name);
    }
    const names = [...mine.keys()];
    let rest = new Error("It was not answered");
    try {
      await work(names, settle, urgently);
    } catch (error) {
      rest = error instanceof Error ? error : new Error(String(error));
    }
    for (const name of names) settle(name, rest);
  }
  return {
    ask: (name, wait, urgently, signal) =>
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
            cancel();
            due = Infinity;
          }
          reject(signal.reason);
        };
        const asking = gathered.get(name) ?? new Set();
        asking.add(tell);
        gathered.set(name, asking);
        signal.addEventListener("abort", leave, { once: true });
        urgent ||= urgently;
        if (clock.now() + wait >= due) return;
        due = clock.now() + wait;
        cancel();
        cancel = clock.after(wait, () => void start());
      }),
  };
}
