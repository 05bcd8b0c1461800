/** One entry of a controller's event log. Every text is the controller's own, on one line and shortened. */
export interface LogEntry {
  /** The controller's id of it. */
  readonly id: string;
  /** The log that it is in, of those that the controller has. */
  readonly log: string;
  /** As ISO 8601, or in the controller's own words if these are not such a time; absent: unknown. */
  readonly time?: string;
  /** `OK`, `Warning`, `Critical` or another word of its own; absent: unknown. */
  readonly severity?: string;
  readonly message: string;
}

/** The longest id, name, time and word for severity, and the longest message, in characters. */
const MAX_WORD = 64;
const MAX_MESSAGE = 512;

/** Control characters, also those that turn the direction of text. */
// deno-lint-ignore no-control-regex
const UNREADABLE = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]+/g;

/** An entry as a controller sends it. */
export interface RawEntry {
  readonly id: unknown;
  readonly log: unknown;
  readonly time: unknown;
  readonly severity: unknown;
  readonly message: unknown;
}

/**
 * Checks and shortens an entry from a controller.
 *
 * @param entry The entry, from outside.
 * @returns The entry; undefined if it has no message.
 */
export function cleanEntry({ id, log, time, severity, message }: RawEntry): LogEntry | undefined {
  const words = cleanWords(message, MAX_MESSAGE);
  if (words === undefined) return undefined;
  const when = cleanWords(time, MAX_WORD);
  const how = cleanWords(severity, MAX_WORD);
  return {
    id: cleanWords(id, MAX_WORD) ?? "",
    log: cleanWords(log, MAX_WORD) ?? "",
    ...(when !== undefined && { time: toTime(when) }),
    ...(how !== undefined && { severity: how }),
    message: words,
  };
}

/** Turns `value` into one line of readable text of at most `most` characters; undefined if nothing is left of it. */
export function cleanWords(value: unknown, most: number): string | undefined {
  if (typeof value !== "string") return undefined;
  const line = value.slice(0, most * 4).replace(UNREADABLE, " ").trim();
  if (line === "") return undefined;
  return line.length > most ? `${line.slice(0, most - 3)}...` : line;
}

/** Returns the newest `count` of `entries`, newest first. Those without a time come last, in reverse order. */
export function newestFirst(entries: readonly LogEntry[], count: number): readonly LogEntry[] {
  const placed = entries.map((entry, place) => ({ entry, place, at: at(entry) }));
  placed.sort((a, b) => a.at === b.at ? b.place - a.place : b.at - a.at);
  return placed.slice(0, count).map(({ entry }) => entry);
}

/** Milliseconds since 1970; -1 if unknown. */
function at({ time }: LogEntry): number {
  const parsed = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(parsed) ? -1 : parsed;
}

/** Converts a time with a zone to ISO 8601; any other stays as it is. */
function toTime(words: string): string {
  const parsed = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(words) ? Date.parse(words) : NaN;
  return Number.isNaN(parsed) ? words : new Date(parsed).toISOString();
}
