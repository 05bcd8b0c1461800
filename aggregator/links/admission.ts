import type { Clock } from "../../src/clock.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { borrowToken, fullBucket, type Rate, takeToken, waitForToken } from "../../src/toolkit/mod.ts";

/** Births that are taken in a second, and at once after a quiet time: what comes faster waits for its turn. */
const RATE: Rate = { perSecond: 400, burst: 100 };
/** How often those that wait get their turn, in milliseconds: they are taken in together, with one write to the disk. */
const EVERY = 25;
/** A few that are born after a quiet time have a turn each. */
const TURNS: Rate = { perSecond: 1000 / EVERY, burst: 8 };

/** A child that is to be taken in. */
export type Born = readonly [child: string, frame: BirthFrame];

/** Takes births in at a bounded rate, so that a fleet that comes back at once holds nothing else up. */
export interface Admission {
  /** Births that wait: at most one for each child. */
  readonly waiting: number;
  /** A child is born: `admit` gets the birth now or later, with others whose turn it is. A newer birth of the same child takes its place. */
  born(child: string, frame: BirthFrame): void;
  /** The child is none any more. */
  remove(child: string): void;
  stop(): void;
}

/** Makes an admission. The child that waits longest is next. */
export function createAdmission(
  parts: { readonly clock: Clock; admit(births: readonly Born[]): void },
): Admission {
  const { clock } = parts;
  const queue = new Map<string, BirthFrame>();
  const bucket = fullBucket(RATE, clock.now());
  const turns = fullBucket(TURNS, clock.now());
  let cancel: (() => void) | undefined;

  function drain(): void {
    cancel = undefined;
    const now = clock.now();
    borrowToken(turns, TURNS, now);
    const next: Born[] = [];
    for (const born of queue) {
      if (!takeToken(bucket, RATE, now)) break;
      queue.delete(born[0]);
      next.push(born);
    }
    if (queue.size > 0) cancel = clock.after(EVERY, drain); // first: whoever waits has its turn, whatever comes of these
    if (next.length > 0) parts.admit(next);
  }
  return {
    get waiting() {
      return queue.size;
    },
    born(child, frame) {
      queue.set(child, frame); // keeps the place of an earlier birth
      if (cancel !== undefined) return;
      const wait = waitForToken(turns, TURNS, clock.now());
      if (wait === 0) drain();
      else cancel = clock.after(wait, drain);
    },
    remove: (child) => void queue.delete(child),
    stop() {
      cancel?.();
      cancel = undefined;
      queue.clear();
    },
  };
}
