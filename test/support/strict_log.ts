import { CHANGES_LOOP, SUBSCRIBER_FAILED } from "../../aggregator/dispatch/changes.ts";
import { createLog, type Log } from "../../src/log.ts";

/**
 * A log that says nothing, for whole aggregators: an error of a part that the dispatcher contains, and changes that lead to each
 * other without end, are thrown, so that no test passes over them.
 */
export function createStrictLog(): Log {
  return {
    ...createLog(() => {}),
    error(message, fields) {
      if (message === SUBSCRIBER_FAILED || message === CHANGES_LOOP) {
        throw new Error(`${message}: ${JSON.stringify(fields)}`);
      }
    },
  };
}
