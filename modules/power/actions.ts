import { MistakeError, type ModuleContext, type MutationRun } from "../../src/module/mod.ts";
import { pause } from "../../src/toolkit/mod.ts";
import { bringOn, type Course, cutPower, MAX_ORDER_REFUSALS, noteBoot, shutDown, STUCK } from "./changes.ts";
import type { PowerSettings } from "./driver.ts";
import type { GuardedDriver, Look } from "./guard.ts";
import { createHand, type Hand } from "./hand.ts";
import { beginStory } from "./story.ts";

/** A machine that hangs again within this time of a restart, in milliseconds, has its power cut. */
const RESTART_ONCE = 1_800_000;
/** A machine that is being powered on and has been changing for this long, in milliseconds, hangs: it may be slow. */
const STUCK_ON = 300_000;

/** What the mutations of power modules do on one controller. */
export interface PowerWork {
  /** Waits until the controller reports on or off, and passes that on. */
  find(run: MutationRun): Promise<void>;
  powerOn(run: MutationRun): Promise<void>;
  powerOff(run: MutationRun): Promise<void>;
  /** Powers off a machine that seems to hang. */
  resetHang(run: MutationRun): Promise<void>;
  /** Restarts a machine that seems to hang. */
  restart(run: MutationRun): Promise<void>;
  /** Carries out an order to restart a machine without a loss of power. */
  reset(run: MutationRun): Promise<void>;
  /** Waits until the controller's report that a restarted machine is on can be trusted. */
  resetOver(run: MutationRun): Promise<void>;
  /** Carries out an order to interrupt a machine. */
  interrupt(run: MutationRun): Promise<void>;
}

/** The same, with what is known of the controller meanwhile. */
export interface Actions extends PowerWork, Pick<Hand, "unsettledFor" | "isAwaited" | "saw"> {}

/**
 * Makes the actions of one node. Each looks before it orders, and ends when the controller confirms the change. Power
 * is cut only from a machine that was seen on before it was taken to hang. Otherwise it may have come on meanwhile, by
 * another hand or by an order that was taken for lost; then the action reports the state that it sees.
 *
 * @param context The module's context.
 * @param driver The driver of the controller.
 * @param settings Gives the current settings.
 * @param looked Called after every look.
 */
export function createActions(
  context: ModuleContext,
  driver: GuardedDriver,
  settings: () => PowerSettings,
  looked: (look: Look) => void,
): Actions {
  const { clock } = context;
  const hand = createHand(clock, driver, () => settings().settle, looked);
  const begin = (run: MutationRun): Course => ({ hand, run, story: beginStory(run, clock) });
  let restarted = -Infinity;

  async function bringOff(course: Course): Promise<void> {
    const { run } = course;
    const { graceful } = settings();
    // Only a machine with a running agent is known to notice the request.
    const healthy = run.node.view.get("/runState") === "SYNC";
    const why = graceful === 0
      ? "it gets no time to shut down ('graceful' is 0)"
      : healthy
      ? undefined
      : "its agent is not there to hear that it should shut down";
    if (why !== undefined) await cutPower(course, { why, begun: false });
    else {
      const why = await shutDown(course, clock, graceful);
      // It has had its time: if it is still changing, it hangs.
      if (why !== undefined) await cutPower(course, { why, begun: true, stuckAfter: 0 });
    }
    run.discover("/physState", "POWER_OFF");
  }
  /**
   * Checks whether a machine that seems to hang is on and was seen on before. If it is only on now, that is reported.
   */
  async function findHang({ run, story }: Course, stuckAfter: number): Promise<"hangs" | "stuck" | "off" | "came on"> {
    const before = hand.seen();
    const power = await hand.findStuck(run, story, stuckAfter);
    if (power === "changing") return "stuck";
    if (power === "off") return "off";
    if (before === "on") return "hangs";
    run.note("It is left alone: it is on now, and was not seen on before it seemed to hang");
    run.discover("/physState", "POWER_ON");
    return "came on";
  }
  /**
   * Restarts without a loss of power. @returns Undefined if that was accepted or is not needed; otherwise why power
   * must be cut.
   */
  async function gentleRestart({ run, story }: Course): Promise<string | undefined> {
    run.note("It is restarted: it hangs");
    const end = await hand.restart(run, story, MAX_ORDER_REFUSALS);
    if (end === "unsupported") return "it hangs, and its controller has no restart";
    if (end === "off") return undefined;
    restarted = clock.now();
    noteBoot(run);
    await pause(clock, settings().settle, run.signal);
    return undefined;
  }
  async function find(run: MutationRun): Promise<void> {
    const power = await hand.findOut(run, begin(run).story);
    run.discover("/physState", power === "on" ? "POWER_ON" : "POWER_OFF");
  }
  return {
    unsettledFor: hand.unsettledFor,
    isAwaited: hand.isAwaited,
    saw: hand.saw,
    find,
    powerOn: (run) => bringOn(begin(run), false),
    powerOff: (run) => bringOff(begin(run)),
    async resetHang(run) {
      const course = begin(run);
      if (await findHang(course, STUCK) !== "came on") await bringOff(course);
    },
    async restart(run) {
      const course = begin(run);
      const found = await findHang(course, STUCK_ON);
      if (found === "came on") return;
      if (found === "hangs") {
        const isFirst = clock.now() - restarted > RESTART_ONCE;
        const why = isFirst ? await gentleRestart(course) : "it hangs again soon after it was restarted";
        if (why !== undefined) await cutPower(course, { why, begun: true });
      }
      if (found === "stuck") {
        await cutPower(course, { why: `it hangs on its way (${course.story.words()})`, begun: true });
      }
      await bringOn(course, true);
    },
    async reset(run) {
      if (!await obey(begin(run), "restart", "reset")) return;
      noteBoot(run);
      run.discover("/power/order", "DONE");
      run.discover("/physState", "POWER_CYCLE");
    },
    async resetOver(run) {
      await pause(clock, hand.unsettledFor(), run.signal);
      await find(run);
    },
    async interrupt(run) {
      if (await obey(begin(run), "interrupt", "interrupt")) run.discover("/power/order", "DONE");
    },
  };
}

/** Carries out an order on a machine that is on. @returns Whether the controller took it. */
async function obey({ hand, run, story }: Course, what: "restart" | "interrupt", words: string): Promise<boolean> {
  const end = await hand[what](run, story, MAX_ORDER_REFUSALS);
  if (end === "unsupported") {
    throw new MistakeError(`Cannot ${words} '${run.node.name}': its controller does not support that`);
  }
  if (end === "off") run.discover("/physState", "POWER_OFF");
  return end === "taken";
}
