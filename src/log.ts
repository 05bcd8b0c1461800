import type { Clock } from "./clock.ts";
import { fullBucket, type Rate, takeToken } from "./toolkit/mod.ts";

/** The importance of log lines, from the lowest. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
/** The importance of a log line. */
export type Level = typeof LEVELS[number];

/** Writes log lines. Never pass a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Returns a log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

/** Data in addition to the message. */
export type LogFields = { readonly [name: string]: string | number | boolean | undefined };

/**
 * Creates a log that writes one JSON object a line, or text for people.
 *
 * @param write Receives whole lines, with their line ends.
 * @param options `pretty`: text for people; `level`: the lowest level to write (default info), which may change
 * at any time; `wall` returns the time; `context` returns fields of every line for as long as it gives them.
 */
export function createLog(
  write: (line: string) => void,
  options: {
    readonly pretty?: boolean;
    readonly level?: Level | (() => Level);
    readonly wall?: () => number;
    readonly context?: () => LogFields | undefined;
    readonly fields?: LogFields;
  } = {},
): Log {
  const given = options.level ?? "info";
  const least = typeof given === "function" ? given : () => given;
  const wall = options.wall ?? Date.now;
  function line(level: Level, message: string, own: LogFields, more: LogFields | undefined): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least())) return;
    const fields = { ...options.context?.(), ...own, ...more };
    const time = new Date(wall()).toISOString();
    if (options.pretty !== true) return write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    const rest = Object.entries(fields).filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`).join("");
    write(`${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${message}${rest}\n`);
  }
  function make(own: LogFields): Log {
    return {
      debug: (message, fields) => line("debug", message, own, fields),
      info: (message, fields) => line("info", message, own, fields),
      warn: (message, fields) => line("warn", message, own, fields),
      error: (message, fields) => line("error", message, own, fields),
      with: (fields) => make({ ...own, ...fields }),
    };
  }
  return make(options.fields ?? {});
}

/** The rate of lines: enough to see who tries what, too few to fill a disk. Everything is counted. */
const LINES: Rate = { burst: 20, perSecond: 0.2 };

/**
 * Logs what anyone on a network can cause, at a limited rate. A line is written if the rate allows; the next one says
 * how many were suppressed before it.
 */
export type RefusalLog = Pick<Log, Exclude<Level, "debug">>;

/** Creates a {@link RefusalLog}, which writes to `log` and uses `clock`. */
export function createRefusalLog(log: Log, clock: Clock): RefusalLog {
  const bucket = fullBucket(LINES, clock.now());
  let unlogged = 0;
  function line(level: keyof RefusalLog, message: string, fields: LogFields | undefined): void {
    if (!takeToken(bucket, LINES, clock.now())) {
      unlogged++;
      return;
    }
    log[level](message, { ...fields, ...(unlogged > 0 && { unlogged }) });
    unlogged = 0;
  }
  return {
    info: (message, fields) => line("info", message, fields),
    warn: (message, fields) => line("warn", message, fields),
    error: (message, fields) => line("error", message, fields),
  };
}
