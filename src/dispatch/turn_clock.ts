import type { Clock } from "../clock.ts";

/**
 * A clock whose timers run as turns of a dispatcher: what a timer leads to is delivered before the next one runs.
 *
 * @param turn Runs something as one turn.
 */
export function createTurnClock(clock: Clock, turn: (run: () => void) => void): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, run) => clock.after(ms, () => turn(run)),
  };
}
