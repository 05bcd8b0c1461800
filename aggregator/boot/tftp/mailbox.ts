import type { Clock } from "../../../src/clock.ts";

/** What waits in it at most; what comes beyond that is dropped, as a network may. */
const MAX_WAITING = 64;

/** Packets on their way to one transfer. */
export interface Mailbox<T> {
  put(item: T): void;
  /** The next one; undefined after `ms` milliseconds without one, or when the mailbox was closed. */
  next(ms: number): Promise<T | undefined>;
  /** Ends a `next` that waits, and all later ones. */
  close(): void;
  readonly closed: () => boolean;
}

/** Makes an empty mailbox for one reader. */
export function createMailbox<T>(clock: Clock): Mailbox<T> {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let closed = false;
  return {
    put(item) {
      if (closed || waiting.length >= MAX_WAITING) return;
      waiting.push(item);
      wake?.();
    },
    async next(ms) {
      if (waiting.length === 0 && !closed && ms > 0) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(ms, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
        wake = undefined;
      }
      return closed ? undefined : waiting.shift();
    },
    close() {
      closed = true;
      wake?.();
    },
    closed: () => closed,
  };
}
