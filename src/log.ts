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
  const order: readonly Level[] = ["debug", "info", "warn", "error"];
  const least = order.indexOf(options.level ?? "info");
  const wall = options.wall ?? Date.now;
  function line(level: Level, message: string, own: LogFields, more: LogFields | undefined): void {
    if (order.indexOf(level) < least) return;
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
