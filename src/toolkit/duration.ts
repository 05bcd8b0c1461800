const UNITS: readonly (readonly [unit: string, ms: number])[] = [["ms", 1], ["s", 1000], ["m", 60_000], [
  "h",
  3_600_000,
]];

/**
 * Parses a duration such as `500ms`, `1.5s`, `5m` or `1h`.
 *
 * @param text Up to 9 digits and up to 3 decimals, then `ms`, `s`, `m` or `h`.
 * @returns Milliseconds, rounded; undefined if the text is not a duration.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatDuration, parseDuration } from "../src/toolkit/mod.ts";
 *
 * assert.equal(parseDuration("1.5s"), 1500);
 * assert.equal(parseDuration("soon"), undefined);
 * assert.equal(formatDuration(90_000), "90s");
 * ```
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = UNITS.find(([name]) => name === unit)?.[1];
  return digits === undefined || ms === undefined ? undefined : Math.round(Number(digits) * ms);
}

/** Formats `ms` milliseconds in the largest unit that gives a whole number: `500ms`, `90s`, `5m`. */
export function formatDuration(ms: number): string {
  const fitting = UNITS.filter(([, size]) => ms !== 0 && ms % size === 0).at(-1) ?? ["ms", 1];
  return `${ms / fitting[1]}${fitting[0]}`;
}

/** Writes `ms` milliseconds for people: `300 ms`, `1.5 s`. */
export function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}

/** Formats `ms` milliseconds, known only roughly, rounded for people: `8 s`, `1 min 10 s`, `45 min`, `3 h`. */
export function roughDuration(ms: number): string {
  const seconds = Math.max(1, ms < 10_000 ? Math.round(ms / 1000) : Math.round(ms / 5000) * 5);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 10) return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}
