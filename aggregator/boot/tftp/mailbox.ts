import type { Clock } from "../../../src/clock.ts";

/** The largest number of waiting packets; more are dropped, as a network may do. */
const MAX_WAITING = 64;

/** Packets for one transfer. */
export interface Mailbox<T> {
  put(item: T): void;
  /** Returns the next one; undefined after `ms` milliseconds without one, or when the mailbox was closed. */
  next(ms: number): Promise<T | undefined>;
  /** Ends a waiting `next`, and all later ones. @param why The first reason counts. */
  close(why?: string): void;
  /** Returns why it was closed; undefined while it is open. */
  readonly closed: () => string | undefined;
}

/** Creates an empty mailbox for one reader, which uses `clock`. */
export function createMailbox<T>(clock: Clock): Mailbox<T> {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let closed: string | undefined;
  return {
    put(item) {
      if (closed !== undefined || waiting.length >= MAX_WAITING) return;
      waiting.push(item);
      wake?.();
    },
    async next(ms) {
      if (waiting.length === 0 && closed === undefined && ms > 0) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(ms, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
        wake = undefined;
      }
      return closed !== undefined ? undefined : waiting.shift();
    },
    close(why = "It was closed") {
      closed ??= why;
      wake?.();
    },
    closed: () => closed,
  };
}
