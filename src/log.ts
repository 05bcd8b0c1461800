import type { Clock } from "./clock.ts";
import { fullBucket, type Rate, takeToken } from "./toolkit/mod.ts";

/** How much a log line matters. */
export type Level = "debug" | "info" | "warn" | "error";

/** Writes log lines. Never give it a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  with(fields: LogFields): Log;
}

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** Data beside the message. */
export type LogFields = { readonly [name: string]: string | number | boolean | undefined };

/**
 * A log that writes one JSON object a line, or words where people look on.
 *
 * @param write Takes a whole line, with its line end.
 * @param options `pretty` for people; lines below `level` (default info) are left out; `wall` gives the time.
 */
export function createLog(
  write: (line: string) => void,
  options: {
    readonly pretty?: boolean;
    readonly level?: Level;
    readonly wall?: () => number;
    readonly fields?: LogFields;
  } = {},
): Log {
  const least = LEVELS.indexOf(options.level ?? "info");
  const wall = options.wall ?? Date.now;
  function line(level: Level, message: string, own: LogFields, more: LogFields | undefined): void {
    if (LEVELS.indexOf(level) < least) return;
    const fields = { ...own, ...more };
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

/** A log that leaves out lines below a level that may change at any time. @param level The least level that is written now. */
export function withLevel(log: Log, level: () => Level): Log {
  const at = (line: Level) => (message: string, fields?: LogFields): void => {
    if (LEVELS.indexOf(line) >= LEVELS.indexOf(level())) log[line](message, fields);
  };
  return {
    ...{ debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    with: (fields) => withLevel(log.with(fields), level),
  };
}

/** Lines: enough to see who tries what, too few to fill a disk. Everything is counted, whether or not it is logged. */
const LINES: Rate = { burst: 20, perSecond: 0.2 };

/**
 * Logs what anybody on a network can cause as often as they like: at a bounded rate. A line is logged where there is room; the
 * next one says how many were left out before it.
 */
export type RefusalLog = Pick<Log, Exclude<Level, "debug">>;

/** See {@link RefusalLog}. */
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
