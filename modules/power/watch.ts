import { DeclinedError, MistakeError, type ModuleContext, type MutationRun } from "../../src/module/mod.ts";
import { errorText } from "../../src/toolkit/mod.ts";
import { createActions, type PowerWork } from "./actions.ts";
import { createControllerReport } from "./controller_report.ts";
import { CredentialsError, type Power, type PowerDriver, type PowerSettings } from "./driver.ts";
import { guardDriver } from "./guard.ts";
import type { Led } from "./led.ts";
import { type SensorWatch, watchSensors } from "./sensors.ts";

/** Factor by which a silent controller, and one whose events arrive, are polled less often. */
const SILENT_STRETCH = 4;
const EVENTS_STRETCH = 5;
/**
 * A controller is read at most this many milliseconds after an event, and no sooner than that after the last reading.
 */
const EVENT_SPREAD = 200;
const EVENT_REST = 1_000;

/** Manages the power of one node. Polling rests while a mutation is at work. */
export interface PowerWatch extends PowerWork {
  /** Turns the machine's identify LED. */
  turnLed(run: MutationRun, led: Led): Promise<void>;
  /** Looks soon, because something has happened there. */
  lookSoon(): void;
  /** Ends polling. With `leaves` the controller's values are withdrawn, because another module manages the node now. */
  stop(leaves: boolean): void;
}

/**
 * Starts to poll a node's controller, for the first time after a random share of the poll interval.
 *
 * @param nodeId The node's UUID.
 * @param context The module's context.
 * @param driver The driver of the controller.
 * @param settings Gives the current settings.
 */
export function watchPower(
  nodeId: string,
  context: ModuleContext,
  driver: PowerDriver,
  settings: () => PowerSettings,
): PowerWatch {
  const { clock } = context;
  const guarded = guardDriver(driver);
  const report = createControllerReport(nodeId, context);
  const actions = createActions(context, guarded, settings, report.answered);
  const sensors: SensorWatch | undefined = watchSensors(nodeId, context, driver, settings);
  let acting = 0;
  let stopped = false;
  let lastLook = -Infinity;
  let cancel = () => {};
  let poll = new AbortController();

  function lookAfter(ms: number): void {
    cancel();
    if (!stopped && acting === 0) cancel = clock.after(ms, look);
  }
  /**
   * Returns the usual pause between two looks, randomly a quarter longer or shorter, so that controllers are not polled
   * in step.
   */
  function rest(): number {
    const stretch = report.isSilent() ? SILENT_STRETCH : driver.hears?.(nodeId) === true ? EVENTS_STRETCH : 1;
    return settings().poll * stretch * (0.75 + context.random() / 2);
  }
  async function look(): Promise<void> {
    const mine = poll = new AbortController();
    lastLook = clock.now();
    try {
      const node = context.node(nodeId);
      if (node === undefined) return;
      const found = await guarded.look(node, { signal: mine.signal, urgent: false });
      if (mine.signal.aborted) return;
      if (found.silent) return report.silent(found.said, false);
      report.answered(found);
      takeSeen(found.power);
    } catch (error) {
      const why = errorText(error);
      if (!mine.signal.aborted) report.silent(why, error instanceof MistakeError || error instanceof CredentialsError);
    } finally {
      if (poll === mine && !mine.signal.aborted) lookAfter(Math.max(rest(), actions.unsettledFor()));
    }
  }
  /**
   * Takes a power that was seen. PHYS_HANG and PHYS_ERROR are inferred states, which a report of "on" does not contradict, unless
   * the machine was taken to hang because it did not come on. Shortly after a change of power some controllers still report the
   * previous state, which is ignored.
   */
  function takeSeen(power: Power): void {
    if (actions.unsettledFor() > 0) return;
    const known = context.node(nodeId)?.view.get("/physState");
    const concluded = known === "PHYS_ERROR" || (known === "PHYS_HANG" && !actions.isAwaited());
    if (power === "on" && concluded) return;
    actions.saw(power);
    if (power === "off" && known !== "POWER_OFF") context.discover(nodeId, "/physState", "POWER_OFF");
    if (power === "on" && known !== "POWER_ON") context.discover(nodeId, "/physState", "POWER_ON");
  }
  /** Does a mutation's work while polling rests. */
  async function act(work: () => Promise<void>): Promise<void> {
    acting++;
    cancel();
    poll.abort();
    try {
      await work();
    } finally {
      acting--;
      lookAfter(Math.max(settings().poll, actions.unsettledFor()));
    }
  }

  lookAfter(settings().poll * context.random());
  return {
    find: (run) => act(() => actions.find(run)),
    powerOn: (run) => act(() => actions.powerOn(run)),
    powerOff: (run) => act(() => actions.powerOff(run)),
    resetHang: (run) => act(() => actions.resetHang(run)),
    restart: (run) => act(() => actions.restart(run)),
    reset: (run) => act(() => actions.reset(run)),
    resetOver: (run) => act(() => actions.resetOver(run)),
    interrupt: (run) => act(() => actions.interrupt(run)),
    turnLed: (run, led) => act(() => turnIdentifyLed(driver, run, led)),
    lookSoon() {
      const rested = clock.now() - lastLook;
      lookAfter(Math.max(context.random() * EVENT_SPREAD, EVENT_REST - rested, actions.unsettledFor()));
    },
    stop(leaves) {
      stopped = true;
      cancel();
      poll.abort();
      sensors?.stop(leaves);
      if (leaves) report.withdraw();
    },
  };
}

/**
 * Makes the controller turn the LED, and reports the LED's state.
 *
 * @param driver The driver of the controller.
 * @param run The mutation's run.
 * @param led The state that the LED should have.
 * @throws {MistakeError} If this kind of controller has no LED.
 * @throws {DeclinedError} If the controller reports another state.
 */
export async function turnIdentifyLed(driver: PowerDriver, run: MutationRun, led: Led): Promise<void> {
  if (driver.turnLed === undefined) {
    throw new MistakeError(`Cannot turn the identify LED of '${run.node.name}': its kind of controller has none`);
  }
  const said = await driver.turnLed(run.node, led, { signal: run.signal, urgent: true, queued: run.queued });
  if (said !== led) {
    throw new DeclinedError(
      `The controller was told that the identify LED is to be ${led}, and says that it is ${said ?? "unknown"}`,
    );
  }
  run.discover("/bmc/led", led);
}
