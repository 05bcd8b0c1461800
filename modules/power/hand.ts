import type { Clock } from "../../src/clock.ts";
import { DeclinedError, type MutationRun, UnavailableError } from "../../src/module/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import type { Power, PowerChange } from "./driver.ts";
import type { GuardedDriver, Look, OrderOutcome } from "./guard.ts";
import type { Story } from "./story.ts";

/** First and longest wait between two looks while a machine changes its power, in milliseconds. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1_000;
/** The shortest time between two orders, in milliseconds, where a controller needs less to settle. */
const ORDER_REST = 1_000;
/** Looks that are further apart than this, in milliseconds, don't show what was in between. */
const LONGEST_GAP = 40_000;

/** One order, until the machine is where it should be. */
export interface Pursuit {
  readonly run: MutationRun;
  readonly signal: AbortSignal;
  readonly story: Story;
  readonly change: Exclude<PowerChange, "restart" | "interrupt">;
  /** False: nothing has been done yet, so that it ends when the very first look meets silence. */
  readonly begun: boolean;
  /** After so many refusals, each with a settled look after it, it is given up. */
  readonly maxRefusals: number;
  /**
   * A machine that has been on its way for so long, in milliseconds, hangs there, and is ordered all the same; absent: it is waited for.
   */
  readonly stuckAfter?: number;
  /** Called before each order. */
  ordering?(): void;
  /** Called when an order was taken, or may have been. */
  taken?(kind: "taken" | "lost"): void;
}

/** What a machine is for certain. */
type Settled = "on" | "off";

/** Looks at one controller and gives it orders, and knows what of its words is to be believed. */
export interface Hand {
  /** Milliseconds for which the controller may still say what was before the last order; 0: it is to be believed. */
  unsettledFor(): number;
  /** What the machine was last seen to be since the last order, with certainty. */
  seen(): "on" | "off" | undefined;
  /** Whether the machine was ordered on by us, and has not been seen on since. */
  isAwaited(): boolean;
  /** Somebody else has had a settled look. */
  saw(power: Power): void;
  /**
   * Looks until the controller says on or off and is to be believed.
   *
   * @throws {UnavailableError} When the very first look meets silence.
   */
  findOut(run: MutationRun, story: Story): Promise<"on" | "off">;
  /** The same, and `changing` when the machine has been on its way for so many milliseconds. */
  findStuck(run: MutationRun, story: Story, stuckAfter: number): Promise<Settled | "changing">;
  /**
   * Orders, when a settled look says that it is needed, and looks until it is so. An order that was taken is given once; one
   * that was refused, or had no answer, again when a settled look says that it is still needed.
   *
   * @returns False when the controller has no such order.
   * @throws {UnavailableError} When nothing has begun and the very first look meets silence.
   * @throws {DeclinedError} When it was refused too often.
   */
  pursue(pursuit: Pursuit): Promise<boolean>;
  /**
   * Orders a restart of a machine that is on. One without an answer counts as taken: nothing is hit twice.
   *
   * @returns `off` when the machine turned out to be off.
   * @throws {DeclinedError} When it was refused too often.
   */
  restart(run: MutationRun, story: Story, maxRefusals: number): Promise<"taken" | "unsupported" | "off">;
  /** Interrupts a machine that is on. See {@link Hand.restart}. */
  interrupt(run: MutationRun, story: Story, maxRefusals: number): Promise<"taken" | "unsupported" | "off">;
}

/**
 * Makes it.
 *
 * @param settle How long after an order a controller may still say what was before, in milliseconds.
 * @param looked Is told of every look.
 */
export function createHand(
  clock: Clock,
  driver: GuardedDriver,
  settle: () => number,
  looked: (look: Look) => void,
): Hand {
  let asked: { readonly power: "on" | "off"; readonly at: number } | undefined;
  let seen: "on" | "off" | undefined;
  /** Since when, and until when as far as was seen, the machine has been on its way. */
  let moving: { readonly since: number; readonly until: number } | undefined;

  function unsettledFor(): number {
    return asked === undefined ? 0 : Math.max(0, asked.at + settle() - clock.now());
  }
  function isSettled(power: Power): power is "on" | "off" {
    return (power === "on" || power === "off") && (asked?.power === power || unsettledFor() === 0);
  }
  function follow(power: Power): void {
    const now = clock.now();
    if (power === "on" || power === "off") moving = undefined;
    if (power !== "changing") return;
    const goesOn = moving !== undefined && now - moving.until <= LONGEST_GAP;
    moving = { since: goesOn ? moving?.since ?? now : now, until: now };
  }
  function isStuck(power: Power, after: number): boolean {
    return power === "changing" && moving !== undefined && clock.now() - moving.since >= after && unsettledFor() === 0;
  }
  async function look(run: MutationRun, signal: AbortSignal, story: Story): Promise<Look> {
    const found = await driver.look(run.node, { signal, urgent: true, queued: run.queued });
    story.saw(found);
    looked(found);
    if (isSettled(found.power)) seen = found.power;
    follow(found.power);
    return found;
  }
  async function order(
    run: MutationRun,
    change: PowerChange,
    signal: AbortSignal,
    story: Story,
  ): Promise<OrderOutcome["kind"]> {
    const before = { asked, seen };
    if (change !== "interrupt") {
      asked = { power: change === "on" || change === "restart" ? "on" : "off", at: clock.now() };
      seen = undefined;
    }
    const outcome = await driver.order(run.node, change, { signal, urgent: true, queued: run.queued });
    if (outcome.kind === "unsupported") ({ asked, seen } = before);
    else story.ordered(change, outcome);
    return outcome.kind;
  }
  function orderRest(): number {
    return Math.max(settle(), ORDER_REST);
  }
  function declined(run: MutationRun, story: Story): DeclinedError {
    return new DeclinedError(`The controller of '${run.node.name}' does not do it: ${story.words()}`);
  }
  async function findStuck(
    run: MutationRun,
    signal: AbortSignal,
    story: Story,
    begun: boolean,
    stuckAfter: number,
  ): Promise<Settled | "changing"> {
    for (let wait = FIRST_LOOK, first = true;; wait = nextWait(wait), first = false) {
      const { power, silent, said } = await look(run, signal, story);
      if (isSettled(power)) return power;
      if (isStuck(power, stuckAfter)) return "changing";
      if (first && silent && !begun) throw new UnavailableError(said);
      await pause(clock, wait, signal);
    }
  }
  async function findOut(run: MutationRun, story: Story, begun: boolean): Promise<Settled> {
    const power = await findStuck(run, run.signal, story, begun, Infinity);
    return power === "on" ? power : "off"; // it never is stuck
  }
  /** Does something once to a machine that is on. */
  async function hit(
    change: "restart" | "interrupt",
    run: MutationRun,
    story: Story,
    maxRefusals: number,
  ): Promise<"taken" | "unsupported" | "off"> {
    for (let refusals = 0;;) {
      if (await findOut(run, story, true) === "off") return "off";
      if (refusals >= maxRefusals) throw declined(run, story);
      const kind = await order(run, change, run.signal, story);
      if (kind === "unsupported") return kind;
      if (kind === "taken" || kind === "lost") return "taken";
      if (kind !== "later") refusals++;
      await pause(clock, orderRest(), run.signal);
    }
  }
  return {
    unsettledFor,
    seen: () => seen,
    isAwaited: () => asked?.power === "on" && seen !== "on",
    saw(power) {
      if (isSettled(power)) seen = power;
      follow(power);
    },
    findOut: (run, story) => findOut(run, story, false),
    findStuck: (run, story, stuckAfter) => findStuck(run, run.signal, story, false, stuckAfter),
    async pursue({ run, signal, story, change, begun, maxRefusals, stuckAfter = Infinity, ...told }) {
      const wanted = change === "on" ? "on" : "off";
      let power: Power = await findStuck(run, signal, story, begun, stuckAfter);
      let isTaken = false;
      let refusals = 0;
      let notBefore = 0;
      for (let wait = FIRST_LOOK; power !== wanted || !isSettled(power); wait = nextWait(wait)) {
        if ((isSettled(power) || isStuck(power, stuckAfter)) && !isTaken && clock.now() >= notBefore) {
          if (refusals >= maxRefusals) throw declined(run, story);
          told.ordering?.();
          const kind = await order(run, change, signal, story);
          if (kind === "unsupported") return false;
          isTaken = kind === "taken";
          if (kind === "taken" || kind === "lost") told.taken?.(kind);
          else if (kind !== "later") refusals++;
          notBefore = clock.now() + orderRest();
          wait = FIRST_LOOK;
        } else {
          await pause(clock, wait, signal);
        }
        const found = await look(run, signal, story);
        power = found.power;
        if (found.failed === undefined || !isTaken) continue;
        isTaken = false;
        refusals++;
      }
      asked = { power: wanted, at: clock.now() };
      return true;
    },
    restart: (run, story, maxRefusals) => hit("restart", run, story, maxRefusals),
    interrupt: (run, story, maxRefusals) => hit("interrupt", run, story, maxRefusals),
  };
}

function nextWait(wait: number): number {
  return Math.min(wait * 2, LONGEST_LOOK);
}
