import { watch } from "node:fs";
import type { Random } from "../../../src/clock.ts";

/** Something that happens again and again. */
export interface Signal {
  /** It has happened. */
  happen(): void;
  /** Resolves at once when it has happened so many times from now on. */
  times(count: number): Promise<void>;
}

/** See {@link Signal}. */
export function createSignal(): Signal {
  const waiting = new Set<() => void>();
  return {
    happen() {
      for (const tell of waiting) tell();
    },
    times(count) {
      return new Promise((resolve) => {
        let left = count;
        function tell(): void {
          left -= 1;
          if (left > 0) return;
          waiting.delete(tell);
          resolve();
        }
        waiting.add(tell);
      });
    },
  };
}

/** Moments at which a program is killed under load. */
export const MOMENTS = ["starting", "any", "acknowledged", "commit", "discovered"] as const;

/** One of {@link MOMENTS}. */
export type Moment = typeof MOMENTS[number];

/** How long discoveries may take to come in and to get to the disk, in milliseconds, with something to spare. */
const SETTLING = 400;

/** Resolves while the last discoveries come in, or go to disk: at a moment drawn from `random`. */
export function whileSettling(random: Random): Promise<void> {
  return elapsed(random() * SETTLING);
}

/** What there is to wait for while a program runs. */
export interface Happenings {
  /** The file that grows with each commit. */
  readonly log: string;
  /** Requests that were acknowledged. */
  readonly acknowledged: Signal;
  /** Events that were told. */
  readonly discovered: Signal;
}

/** The longest that something may take to happen so many times, in milliseconds. */
const LIMIT = 30_000;

/**
 * Resolves at a moment of the kind, drawn from `random`: so that the same seed gives the same moments, as far as the
 * system that is watched does the same.
 *
 * @throws {Error} When nothing has happened for too long.
 */
export async function untilMoment(moment: Moment, happenings: Happenings, random: Random): Promise<void> {
  switch (moment) {
    case "starting":
      return await elapsed(random() * 900);
    case "any":
      return await elapsed(random() * 1200);
    case "acknowledged":
      return await within(moment, happenings.acknowledged.times(1 + Math.floor(random() * 40)));
    case "commit":
      return await untilWritten(happenings.log, 1 + Math.floor(random() * 80));
    case "discovered":
      return await within(moment, happenings.discovered.times(1 + Math.floor(random() * 10)));
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function within(what: string, happened: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited ${LIMIT / 1000} s in vain for '${what}'`)), LIMIT);
    void happened.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Resolves in the middle of a commit: at the write to a file that is the `count`th from now on. */
async function untilWritten(file: string, count: number): Promise<void> {
  const written = createSignal();
  const done = written.times(count);
  const watcher = watch(file, () => written.happen());
  try {
    await within("commit", done);
  } finally {
    watcher.close();
  }
}
