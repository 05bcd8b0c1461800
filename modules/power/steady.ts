/**
 * What to state of a reading that is never quite still: the value that is stated already, until the reading has left it by
 * `step`; then the reading, as a whole number. So noise below a step makes no traffic, wherever it lies.
 */
export function steady(stated: number | undefined, reading: number, step: number): number {
  return stated !== undefined && Math.abs(reading - stated) < step ? stated : Math.round(reading);
}

/** Degrees Celsius by which a temperature must have changed. */
const TEMPERATURE_STEP = 1.5;
/** Watts, and the share of what was stated, by which power must have changed. */
const POWER_STEP = 5;
const POWER_SHARE = 0.05;

/** What to state of a temperature. */
export function steadyTemperature(stated: number | undefined, reading: number): number {
  return steady(stated, reading, TEMPERATURE_STEP);
}

/** What to state of a power. */
export function steadyWatts(stated: number | undefined, reading: number): number {
  return steady(stated, reading, Math.max(POWER_STEP, (stated ?? 0) * POWER_SHARE));
}
