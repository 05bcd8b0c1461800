import type { Clock } from "../../src/clock.ts";
import type { Ask } from "../power/mod.ts";

/** Gathers requests for single names into requests for many. */
export interface Gathering<T> {
  /**
   * Requests a name, together with others. A request for a name that is already gathered gets the same answer.
   *
   * @throws The signal's reason, if it fires; the error with which the name is settled.
   */
  ask(name: string, ask: Pick<Ask, "signal" | "queued">): Promise<T>;
}

/** One batch of names, while it is being processed. */
export interface GatheredNodes<T> {
  readonly names: readonly string[];
  settle(name: string, answer: T | Error): void;
  /** Reports that some names wait in a queue until the returned function is called: see {@link Ask.queued}. */
  queued(names: readonly string[]): () => void;
}

/** A request for a name. */
interface Asker<T> {
  tell(answer: T | Error): void;
  readonly queued: Ask["queued"];
}

/**
 * Creates the gathering.
 *
 * @param clock Times the gathering.
 * @param wait How long requests are gathered after the first one, in milliseconds.
 * @param work Processes names, and settles each. What it throws is the answer for all names that are not settled.
 */
export function createGathering<T>(
  clock: Clock,
  wait: number,
  work: (batch: GatheredNodes<T>) => Promise<void>,
): Gathering<T> {
  let gathered = new Map<string, Set<Asker<T>>>();
  let cancel: (() => void) | undefined;

  async function start(): Promise<void> {
    const mine = gathered;
    gathered = new Map();
    cancel = undefined;
    function settle(name: string, answer: T | Error): void {
      for (const { tell } of mine.get(name) ?? []) tell(answer);
      mine.delete(name);
    }
    const queues = new Set<() => void>();
    function queued(names: readonly string[]): () => void {
      const ends = names.flatMap((name) => [...mine.get(name) ?? []].map((asker) => asker.queued?.()));
      function leave(): void {
        if (queues.delete(leave)) { for (const end of ends) end?.(); }
      }
      queues.add(leave);
      return leave;
    }
    const names = [...mine.keys()];
    let rest = new Error("It was not answered");
    try {
      await work({ names, settle, queued });
    } catch (error) {
      rest = error instanceof Error ? error : new Error(String(error));
    }
    for (const leave of queues) leave();
    for (const name of names) settle(name, rest);
  }
  return {
    ask: (name, { signal, queued }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const tell = (answer: T | Error) => {
          signal.removeEventListener("abort", leave);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        };
        const leave = () => {
          asking.delete(asker);
          if (asking.size === 0 && gathered.get(name) === asking) gathered.delete(name);
          if (gathered.size === 0) {
            cancel?.();
            cancel = undefined;
          }
          reject(signal.reason);
        };
        const asker = { tell, queued };
        const asking = gathered.get(name) ?? new Set();
        asking.add(asker);
        gathered.set(name, asking);
        signal.addEventListener("abort", leave, { once: true });
        cancel ??= clock.after(wait, () => void start());
      }),
  };
}
