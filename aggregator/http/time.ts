import type { Clock } from "../../src/clock.ts";

/** Turns clock milliseconds into a time that people read: ISO 8601. */
export type ToTime = {
  (clockMs: number): string;
  /** This moment. */
  now(): string;
};

/** Makes a {@link ToTime}. It goes by what the machine's own calendar says now. */
export function createToTime(clock: Clock): ToTime {
  const toTime = (clockMs: number) => new Date(clock.wall() + clockMs - clock.now()).toISOString();
  return Object.assign(toTime, { now: () => toTime(clock.now()) });
}
