import type { Clock } from "../../src/clock.ts";
import { DeclinedError, type MutationRun, UnavailableError } from "../../src/module/mod.ts";
import { doubling, pause } from "../../src/toolkit/mod.ts";
import { createBelief, type Settled } from "./belief.ts";
import type { Power, PowerChange } from "./driver.ts";
import type { GuardedDriver, Look, OrderOutcome } from "./guard.ts";
import type { Story } from "./story.ts";

/** First and longest wait between two looks while a machine changes its power, in milliseconds. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 1_000;
/** The shortest time between two orders, in milliseconds, if a controller needs less to settle. */
const ORDER_REST = 1_000;

/** One order, until the machine is in the ordered state. */
export interface Pursuit {
  readonly run: MutationRun;
  readonly signal: AbortSignal;
  readonly story: Story;
  readonly change: Exclude<PowerChange, "restart" | "interrupt">;
  /** False: nothing has been done yet, so that it ends if the controller does not answer the very first look. */
  readonly begun: boolean;
  /** The number of refusals, each with a settled look after it, that end it. */
  readonly maxRefusals: number;
  /**
   * Milliseconds after which a machine that is still changing counts as hanging, and is given the order nevertheless. Absent:
   * it is waited for.
   */
  readonly stuckAfter?: number;
  /** Called before each order. */
  ordering?(): void;
  /** Called when an order was accepted, or may have been. */
  taken?(kind: "taken" | "lost"): void;
}

/** For whom a controller is asked, until when, and whom the answers are told. */
type Contact = Pick<Pursuit, "run" | "signal" | "story">;

/** Looks at one controller and gives it orders. It knows which of the controller's reports can be believed. */
export interface Hand {
  /** Milliseconds during which the controller may still report the state before the last order; 0: its report is reliable. */
  unsettledFor(): number;
  /** The last certain state of the machine since the last order. */
  seen(): "on" | "off" | undefined;
  /** Whether this program ordered the machine on, and has not seen it on since. */
  isAwaited(): boolean;
  /** Takes a settled look of another part of the program. */
  saw(power: Power): void;
  /**
   * Looks until the controller reliably reports on or off.
   *
   * @throws {UnavailableError} If the controller does not answer the very first look.
   */
  findOut(run: MutationRun, story: Story): Promise<"on" | "off">;
  /** Does the same, and gives `changing` once the machine has been changing for `stuckAfter` milliseconds. */
  findStuck(run: MutationRun, story: Story, stuckAfter: number): Promise<Settled | "changing">;
  /**
   * Gives the order if a settled look shows that it is needed, and looks until the machine is in that state. An accepted order
   * is given once; one that was refused or not answered is repeated if a settled look shows that it is still needed.
   *
   * @returns False if the controller does not support the order.
   * @throws {UnavailableError} If nothing has begun and the controller does not answer the very first look.
   * @throws {DeclinedError} If it refused too often.
   */
  pursue(pursuit: Pursuit): Promise<boolean>;
  /**
   * Orders a restart of a machine that is on. An order without an answer counts as accepted, so that no machine is restarted
   * twice.
   *
   * @returns `off` if the machine turned out to be off.
   * @throws {DeclinedError} If the controller refused too often.
   */
  restart(run: MutationRun, story: Story, maxRefusals: number): Promise<"taken" | "unsupported" | "off">;
  /** Interrupts a machine that is on. See {@link Hand.restart}. */
  interrupt(run: MutationRun, story: Story, maxRefusals: number): Promise<"taken" | "unsupported" | "off">;
}

/**
 * Makes the hand for one controller.
 *
 * @param clock Runs the timers.
 * @param driver The driver of the controller.
 * @param settle Gives the milliseconds after an order during which the controller may still report the previous state.
 * @param looked Called after every look.
 */
export function createHand(
  clock: Clock,
  driver: GuardedDriver,
  settle: () => number,
  looked: (look: Look) => void,
): Hand {
  const belief = createBelief(clock, settle);

  async function look({ run, signal, story }: Contact): Promise<Look> {
    const found = await driver.look(run.node, { signal, urgent: true, queued: run.queued });
    story.saw(found);
    looked(found);
    belief.saw(found.power);
    return found;
  }
  async function order({ run, signal, story }: Contact, change: PowerChange): Promise<OrderOutcome["kind"]> {
    const undo = change === "interrupt"
      ? undefined
      : belief.ordered(change === "on" || change === "restart" ? "on" : "off");
    const outcome = await driver.order(run.node, change, { signal, urgent: true, queued: run.queued });
    if (outcome.kind === "unsupported") undo?.();
    else story.ordered(change, outcome);
    return outcome.kind;
  }
  const orderRest = (): number => Math.max(settle(), ORDER_REST);
  async function findStuck(contact: Contact, begun: boolean, stuckAfter: number): Promise<Settled | "changing"> {
    for (let looks = 0;; looks++) {
      const { power, silent, said } = await look(contact);
      if (belief.isSettled(power)) return power;
      if (belief.isStuck(power, stuckAfter)) return "changing";
      if (looks === 0 && silent && !begun) throw new UnavailableError(said);
      await pause(clock, lookAfter(looks), contact.signal);
    }
  }
  async function findOut(contact: Contact, begun: boolean): Promise<Settled> {
    const power = await findStuck(contact, begun, Infinity);
    return power === "on" ? power : "off"; // it never counts as stuck
  }
  /** Does something once to a machine that is on. */
  async function hit(
    change: "restart" | "interrupt",
    run: MutationRun,
    story: Story,
    maxRefusals: number,
  ): Promise<"taken" | "unsupported" | "off"> {
    const contact = { run, signal: run.signal, story };
    for (let refusals = 0;;) {
      if (await findOut(contact, true) === "off") return "off";
      if (refusals >= maxRefusals) throw declined(run, story);
      const kind = await order(contact, change);
      if (kind === "unsupported") return kind;
      if (kind === "taken" || kind === "lost") return "taken";
      if (kind !== "later") refusals++;
      await pause(clock, orderRest(), run.signal);
    }
  }
  return {
    unsettledFor: belief.unsettledFor,
    seen: belief.seen,
    isAwaited: belief.isAwaited,
    saw: belief.saw,
    findOut: (run, story) => findOut({ run, signal: run.signal, story }, false),
    findStuck: (run, story, stuckAfter) => findStuck({ run, signal: run.signal, story }, false, stuckAfter),
    async pursue({ run, signal, story, change, begun, maxRefusals, stuckAfter = Infinity, ...told }) {
      const wanted = change === "on" ? "on" : "off";
      const contact = { run, signal, story };
      let power: Power = await findStuck(contact, begun, stuckAfter);
      let isTaken = false;
      let refusals = 0;
      let notBefore = 0;
      for (let looks = 0; power !== wanted || !belief.isSettled(power); looks++) {
        if ((belief.isSettled(power) || belief.isStuck(power, stuckAfter)) && !isTaken && clock.now() >= notBefore) {
          if (refusals >= maxRefusals) throw declined(run, story);
          told.ordering?.();
          const kind = await order(contact, change);
          if (kind === "unsupported") return false;
          isTaken = kind === "taken";
          if (kind === "taken" || kind === "lost") told.taken?.(kind);
          else if (kind !== "later") refusals++;
          notBefore = clock.now() + orderRest();
          looks = 0;
        } else {
          await pause(clock, lookAfter(looks), signal);
        }
        const found = await look(contact);
        power = found.power;
        if (found.failed === undefined || !isTaken) continue;
        isTaken = false;
        refusals++;
      }
      belief.reached(wanted);
      return true;
    },
    restart: (run, story, maxRefusals) => hit("restart", run, story, maxRefusals),
    interrupt: (run, story, maxRefusals) => hit("interrupt", run, story, maxRefusals),
  };
}

/** Returns the milliseconds until the next look, after this many. */
function lookAfter(looks: number): number {
  return doubling(FIRST_LOOK, LONGEST_LOOK, looks);
}

function declined(run: MutationRun, story: Story): DeclinedError {
  return new DeclinedError(`The controller of '${run.node.name}' refuses: ${story.words()}`);
}
