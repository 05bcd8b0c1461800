const UNITS: readonly (readonly [unit: string, ms: number])[] = [["ms", 1], ["s", 1000], ["m", 60_000], [
  "h",
  3_600_000,
]];

/**
 * Reads a duration such as `500ms`, `1.5s`, `5m` or `1h`.
 *
 * @returns Milliseconds, rounded; undefined when the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = UNITS.find(([name]) => name === unit)?.[1];
  return digits === undefined || ms === undefined ? undefined : Math.round(Number(digits) * ms);
}

/** A duration in the largest unit that gives a whole number: `500ms`, `90s`, `5m`. */
export function formatDuration(ms: number): string {
  const fitting = UNITS.filter(([, size]) => ms !== 0 && ms % size === 0).at(-1) ?? ["ms", 1];
  return `${ms / fitting[1]}${fitting[0]}`;
}

/** A duration that is only known roughly, rounded for people: `8 s`, `1 min 10 s`, `45 min`, `3 h`. */
export function roughDuration(ms: number): string {
  const seconds = Math.max(1, ms < 10_000 ? Math.round(ms / 1000) : Math.round(ms / 5000) * 5);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 10) return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}
