import type { Clock } from "../../src/clock.ts";
import type { Power } from "./driver.ts";

/** Looks that are further apart than this, in milliseconds, do not show the time between them. */
const LONGEST_GAP = 40_000;

/** A state of the machine that is certain. */
export type Settled = "on" | "off";

/** What can be believed of the reports of one controller: some still report the previous state for a while after an order. */
export interface Belief {
  /** See `Hand`. */
  unsettledFor(): number;
  isSettled(power: Power): power is Settled;
  /** Whether the machine has been changing for `after` milliseconds. */
  isStuck(power: Power, after: number): boolean;
  /** See `Hand`. */
  seen(): Settled | undefined;
  /** See `Hand`. */
  isAwaited(): boolean;
  /** Takes a look. */
  saw(power: Power): void;
  /** The machine is being ordered into a state. @returns Takes that back. */
  ordered(power: Settled): () => void;
  /** The machine is in the ordered state. */
  reached(power: Settled): void;
}

/**
 * Makes a belief that knows nothing.
 *
 * @param settle Gives the milliseconds after an order during which the controller may still report the previous state.
 */
export function createBelief(clock: Pick<Clock, "now">, settle: () => number): Belief {
  let asked: { readonly power: Settled; readonly at: number } | undefined;
  let seen: Settled | undefined;
  /** When the machine was first and last seen changing. */
  let moving: { readonly since: number; readonly until: number } | undefined;

  function unsettledFor(): number {
    return asked === undefined ? 0 : Math.max(0, asked.at + settle() - clock.now());
  }
  function isSettled(power: Power): power is Settled {
    return (power === "on" || power === "off") && (asked?.power === power || unsettledFor() === 0);
  }
  return {
    unsettledFor,
    isSettled,
    isStuck: (power, after) =>
      power === "changing" && moving !== undefined && clock.now() - moving.since >= after && unsettledFor() === 0,
    seen: () => seen,
    isAwaited: () => asked?.power === "on" && seen !== "on",
    saw(power) {
      if (isSettled(power)) seen = power;
      const now = clock.now();
      if (power === "on" || power === "off") moving = undefined;
      if (power !== "changing") return;
      const goesOn = moving !== undefined && now - moving.until <= LONGEST_GAP;
      moving = { since: goesOn ? moving?.since ?? now : now, until: now };
    },
    ordered(power) {
      const before = { asked, seen };
      asked = { power, at: clock.now() };
      seen = undefined;
      return () => void ({ asked, seen } = before);
    },
    reached(power) {
      asked = { power, at: clock.now() };
    },
  };
}
