import { fullBucket, type Rate, takeToken } from "./toolkit/mod.ts";
import type { Clock } from "./clock.ts";
import type { Level, Log, LogFields } from "./log.ts";

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
