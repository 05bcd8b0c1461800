import type { Clock } from "../../src/clock.ts";
import { createDispatcher, createTurnClock, type Dispatcher } from "../../src/dispatch/mod.ts";
import type { Log } from "../../src/log.ts";
import { type AggregatorEvent, type Phase, PHASES } from "./events.ts";
import { errorText } from "../../src/toolkit/mod.ts";

/** How the parts of an aggregator hear of changes: see {@link Dispatcher}. */
export type Changes = Dispatcher<Phase, AggregatorEvent>;

/** What is logged when a subscriber throws: an error of this program. */
export const SUBSCRIBER_FAILED = "A part failed while it dealt with a change";
/** What is logged when a turn does not come to rest: another one. */
export const CHANGES_LOOP = "Changes lead to each other without end";

/** Makes a dispatcher without subscribers. Errors go to the log. */
export function createChanges(log: Log): Changes {
  return createDispatcher<Phase, AggregatorEvent>({
    phases: PHASES,
    onFailure({ phase, subscriber, kind, error }) {
      log.error(SUBSCRIBER_FAILED, { phase, subscriber, change: kind, problem: errorText(error) });
    },
    onLoop: ({ message }) => log.error(CHANGES_LOOP, { problem: message }),
  });
}

/** The clock of the parts: each of its timers is a turn. */
export function clockOfTurns(clock: Clock, changes: Changes): Clock {
  return createTurnClock(clock, changes.turn);
}
