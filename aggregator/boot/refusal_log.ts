import type { Clock } from "../../src/clock.ts";
import type { Log, LogFields } from "../../src/log.ts";
import { fullBucket, type Rate, take } from "./bucket.ts";

/** Lines: enough to see who tries what, too few to fill a disk. Everything is counted, whether or not it is logged. */
const LINES: Rate = { burst: 20, perSecond: 0.2 };

/** Logs what anybody on the boot network can cause as often as they like: at a bounded rate. */
export interface RefusalLog {
  /** Logs a line where there is room; the next one says how many were left out before it. */
  warn(message: string, fields: LogFields): void;
}

/** See {@link RefusalLog}. */
export function createRefusalLog(log: Log, clock: Clock): RefusalLog {
  const bucket = fullBucket(LINES, clock.now());
  let unlogged = 0;
  return {
    warn(message, fields) {
      if (!take(bucket, LINES, clock.now())) {
        unlogged++;
        return;
      }
      log.warn(message, { ...fields, ...(unlogged > 0 && { unlogged }) });
      unlogged = 0;
    },
  };
}
