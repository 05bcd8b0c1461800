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

/** Degrees Celsius by which a temperature must have changed. */
const TEMPERATURE_STEP = 1.5;
/** The least change of power that counts: in watts, and as a share of the reported value. */
const POWER_STEP = 5;
const POWER_SHARE = 0.05;

/** Smooths a temperature in degrees Celsius: the new `reading`, or the `stated` value while they hardly differ. */
export function steadyTemperature(stated: number | undefined, reading: number): number {
  return steady(stated, reading, TEMPERATURE_STEP);
}

/** Smooths a power in watts: the new `reading`, or the `stated` value while they hardly differ. */
export function steadyWatts(stated: number | undefined, reading: number): number {
  return steady(stated, reading, Math.max(POWER_STEP, (stated ?? 0) * POWER_SHARE));
}
