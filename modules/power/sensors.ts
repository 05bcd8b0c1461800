import type { ModuleContext } from "../../src/module/mod.ts";
import type { PowerDriver, PowerSettings, Sensors } from "./driver.ts";

/** After so many failed readings in a row, the last values are no longer known. */
const LOST_READINGS = 3;
/** Degrees Celsius by which a temperature must have changed. */
const TEMPERATURE_STEP = 1.5;
/** The least change of power that counts: in watts, and as a share of the reported value. */
const POWER_STEP = 5;
const POWER_SHARE = 0.05;

/** Reads the sensors of one node's machine. */
export interface SensorWatch {
  /** Ends it. With `leaves` the values are withdrawn, because another module manages the node now. */
  stop(leaves: boolean): void;
}

/**
 * Starts to read the sensors of a node, for the first time after a random share of the interval.
 *
 * @param nodeId The node's UUID.
 * @param context The module's context.
 * @param driver The driver of the controller.
 * @param settings Gives the current settings.
 * @returns Undefined if this kind of controller has no sensors.
 */
export function watchSensors(
  nodeId: string,
  context: ModuleContext,
  driver: PowerDriver,
  settings: () => PowerSettings,
): SensorWatch | undefined {
  if (driver.sense === undefined) return undefined;
  const sense = driver.sense.bind(driver);
  const ended = new AbortController();
  let failures = 0;
  let cancel = () => {};

  function stated(url: string): number | undefined {
    const value = context.node(nodeId)?.view.get(url);
    return typeof value === "number" ? value : undefined;
  }
  function state(
    url: string,
    reading: number | undefined,
    steadied: (stated: number | undefined, reading: number) => number,
  ): void {
    const before = stated(url);
    const value = reading === undefined ? undefined : steadied(before, reading);
    if (value !== before) context.discover(nodeId, url, value ?? null);
  }
  function take({ inlet, watts }: Sensors): void {
    state("/bmc/inlet", inlet, steadyTemperature);
    state("/bmc/watts", watts, steadyWatts);
  }
  async function look(): Promise<void> {
    const node = context.node(nodeId);
    if (node === undefined) return;
    try {
      if (settings().sense > 0) {
        const found = await sense(node, ended.signal);
        failures = 0;
        if (!ended.signal.aborted) take(found);
      }
    } catch {
      if (ended.signal.aborted) return;
      failures++;
      if (failures >= LOST_READINGS) take({}); // polling says why
    } finally {
      const { sense: interval, poll } = settings();
      const rest = interval > 0 ? interval : poll * 10;
      if (!ended.signal.aborted) cancel = context.clock.after(rest * (0.75 + context.random() / 2), look);
    }
  }

  cancel = context.clock.after((settings().sense || settings().poll) * context.random(), look);
  return {
    stop(leaves) {
      ended.abort();
      cancel();
      if (leaves) take({});
    },
  };
}

/**
 * Smooths a noisy reading: keeps the reported value until the reading has left it by a step; then takes the reading as
 * a whole number. Noise below a step therefore causes no traffic, wherever it lies.
 *
 * @param stated The value that is reported; undefined if there is none.
 * @param reading The new reading.
 * @param step The least difference that counts.
 */
export function steady(stated: number | undefined, reading: number, step: number): number {
  return stated !== undefined && Math.abs(reading - stated) < step ? stated : Math.round(reading);
}

/** Smooths a temperature in degrees Celsius: the new `reading`, or the `stated` value while they hardly differ. */
export function steadyTemperature(stated: number | undefined, reading: number): number {
  return steady(stated, reading, TEMPERATURE_STEP);
}

/** Smooths a power in watts: the new `reading`, or the `stated` value while they hardly differ. */
export function steadyWatts(stated: number | undefined, reading: number): number {
  return steady(stated, reading, Math.max(POWER_STEP, (stated ?? 0) * POWER_SHARE));
}
