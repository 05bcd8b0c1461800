import { MistakeError, type ModuleContext, type MutationRun } from "../../src/module/mod.ts";
import { durationText, pause } from "../../src/toolkit/mod.ts";
import type { PowerSettings } from "./driver.ts";
import type { GuardedDriver, Look } from "./guard.ts";
import { createHand, type Hand } from "./hand.ts";
import { beginStory, type Story } from "./story.ts";

/** Number of refusals of one order that end a mutation. */
const MAX_REFUSALS = 3;
/** A machine that hangs again within this time of a restart, in milliseconds, has its power cut. */
const RESTART_ONCE = 1_800_000;
/** A shutdown order that is accepted late still gets its time, up to this many milliseconds more. */
const MAX_LATE_GRACE = 60_000;
/** A machine that is being powered off and has been changing for this long, in milliseconds, hangs. */
const STUCK = 60_000;
/** The same for a machine that is being powered on: it may be slow, and counts as hanging only after that. */
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
  const begin = (run: MutationRun): Story => beginStory(run, clock);
  let restarted = -Infinity;

  async function bringOn(run: MutationRun, story: Story, begun: boolean): Promise<void> {
    let lost = false;
    const done = await hand.pursue({
      ...{ run, signal: run.signal, story, change: "on", begun, maxRefusals: MAX_REFUSALS },
      taken(kind) {
        if (kind === "taken") noteBoot(run);
        else lost = true;
      },
    });
    if (!done) throw new MistakeError(`Cannot power '${run.node.name}' on: its controller does not support that`);
    if (lost) noteBoot(run); // it has come on, so the order was accepted
    run.discover("/physState", "POWER_ON");
  }
  /** Records that the controller was told, with the order, to boot once from the requested device. */
  function noteBoot(run: MutationRun): void {
    const next = run.node.view.get("/bmc/bootNext");
    if (next !== undefined && next !== "NONE") run.discover("/bmc/bootNext", "NONE");
  }
  async function cut(
    run: MutationRun,
    story: Story,
    begun: boolean,
    why: string,
    stuckAfter: number = STUCK,
  ): Promise<void> {
    let told = false;
    const done = await hand.pursue({
      ...{ run, signal: run.signal, story, change: "off", begun, maxRefusals: MAX_REFUSALS, stuckAfter },
      ordering() {
        if (!told) run.note(`Its power is cut: ${why}`);
        told = true;
      },
    });
    if (!done) throw new MistakeError(`Cannot power '${run.node.name}' off: its controller does not support that`);
  }
  /** Asks the machine to shut down. @returns Undefined if it did; otherwise the reason to cut its power. */
  async function shutDown(run: MutationRun, story: Story, graceful: number): Promise<string | undefined> {
    const grace = new AbortController();
    let end = clock.now() + graceful + Math.min(graceful, MAX_LATE_GRACE);
    let late = `it could not be asked to shut down within ${durationText(graceful)}`;
    let isAsked = false;
    let until = 0;
    let cancel = () => {};
    function setTime(time: number): void {
      cancel();
      until = time;
      cancel = clock.after(time - clock.now(), () => grace.abort(new Error(late)));
    }
    /** Reports that the request waits for its turn behind others: that takes nothing from its timeout. */
    function queued(): () => void {
      const leave = run.queued();
      const since = clock.now();
      if (!isAsked) cancel();
      return () => {
        leave();
        if (isAsked) return;
        end += clock.now() - since;
        setTime(until + clock.now() - since);
      };
    }
    setTime(clock.now() + graceful);
    try {
      const done = await hand.pursue({
        ...{ run: { ...run, queued }, signal: AbortSignal.any([run.signal, grace.signal]), story },
        ...{ change: "shutdown", begun: false, maxRefusals: Infinity },
        taken() {
          isAsked = true;
          late = `it was asked to shut down, and is not off after ${durationText(graceful)}`;
          setTime(Math.min(clock.now() + graceful, end));
        },
      });
      return done ? undefined : "its controller can't ask it to shut down";
    } catch (error) {
      run.signal.throwIfAborted();
      if (!grace.signal.aborted) throw error;
      return `${late} (${story.words()})`;
    } finally {
      cancel();
    }
  }
  async function bringOff(run: MutationRun, story: Story): Promise<void> {
    const { graceful } = settings();
    // Only a machine with a running agent is known to notice the request.
    const healthy = run.node.view.get("/runState") === "SYNC";
    if (graceful === 0) await cut(run, story, false, "it gets no time to shut down ('graceful' is 0)");
    else if (!healthy) await cut(run, story, false, "its agent is not there to hear that it should shut down");
    else {
      const why = await shutDown(run, story, graceful);
      // It has had its time: if it is still changing, it hangs.
      if (why !== undefined) await cut(run, story, true, why, 0);
    }
    run.discover("/physState", "POWER_OFF");
  }
  /**
   * Checks whether a machine that seems to hang is on and was seen on before. If it is only on now, that is reported.
   */
  async function findHang(
    run: MutationRun,
    story: Story,
    stuckAfter: number,
  ): Promise<"hangs" | "stuck" | "off" | "came on"> {
    const before = hand.seen();
    const power = await hand.findStuck(run, story, stuckAfter);
    if (power === "changing") return "stuck";
    if (power === "off") return "off";
    if (before === "on") return "hangs";
    run.note("It is left alone: it is on now, and was not seen on before it seemed to hang");
    run.discover("/physState", "POWER_ON");
    return "came on";
  }
  return {
    unsettledFor: hand.unsettledFor,
    isAwaited: hand.isAwaited,
    saw: hand.saw,
    async find(run) {
      const power = await hand.findOut(run, begin(run));
      run.discover("/physState", power === "on" ? "POWER_ON" : "POWER_OFF");
    },
    powerOn: (run) => bringOn(run, begin(run), false),
    powerOff: (run) => bringOff(run, begin(run)),
    async resetHang(run) {
      const story = begin(run);
      if (await findHang(run, story, STUCK) !== "came on") await bringOff(run, story);
    },
    async restart(run) {
      const story = begin(run);
      const found = await findHang(run, story, STUCK_ON);
      if (found === "came on") return;
      if (found === "hangs") {
        const isFirst = clock.now() - restarted > RESTART_ONCE;
        const how = isFirst ? await gentleRestart(run, story) : "it hangs again soon after it was restarted";
        if (how !== undefined) await cut(run, story, true, how);
      }
      if (found === "stuck") await cut(run, story, true, `it hangs on its way (${story.words()})`);
      await bringOn(run, story, true);
    },
    async reset(run) {
      if (!await obey(run, "restart", "reset")) return;
      noteBoot(run);
      run.discover("/power/order", "DONE");
      run.discover("/physState", "POWER_CYCLE");
    },
    async resetOver(run) {
      await pause(clock, hand.unsettledFor(), run.signal);
      const power = await hand.findOut(run, begin(run));
      run.discover("/physState", power === "on" ? "POWER_ON" : "POWER_OFF");
    },
    async interrupt(run) {
      if (await obey(run, "interrupt", "interrupt")) run.discover("/power/order", "DONE");
    },
  };

  /** Carries out an order on a machine that is on. */
  async function obey(run: MutationRun, what: "restart" | "interrupt", words: string): Promise<boolean> {
    const end = await hand[what](run, begin(run), MAX_REFUSALS);
    if (end === "unsupported") {
      throw new MistakeError(`Cannot ${words} '${run.node.name}': its controller does not support that`);
    }
    if (end === "off") run.discover("/physState", "POWER_OFF");
    return end === "taken";
  }
  /**
   * Restarts without a loss of power. @returns Undefined if that was accepted or is not needed; otherwise why power
   * must be cut.
   */
  async function gentleRestart(run: MutationRun, story: Story): Promise<string | undefined> {
    run.note("It is restarted: it hangs");
    const end = await hand.restart(run, story, MAX_REFUSALS);
    if (end === "unsupported") return "it hangs, and its controller has no restart";
    if (end === "off") return undefined;
    restarted = clock.now();
    noteBoot(run);
    await pause(clock, settings().settle, run.signal);
    return undefined;
  }
}
