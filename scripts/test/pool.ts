import type { Unit } from "./suites.ts";

/**
 * Runs units on `workers` workers, in order, but never two heavy ones at a time.
 *
 * @param signal No further unit is started once it has fired.
 */
export async function runPool(
  units: readonly Unit[],
  workers: number,
  run: (unit: Unit) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...units];
  let heavyRuns = false;
  async function work(): Promise<void> {
    while (!signal.aborted) {
      const index = waiting.findIndex(({ heavy }) => !heavy || !heavyRuns);
      const [unit] = index < 0 ? [] : waiting.splice(index, 1);
      // Only heavy units are left, and the worker that runs one goes on with them.
      if (unit === undefined) return;
      if (unit.heavy) heavyRuns = true;
      await run(unit);
      if (unit.heavy) heavyRuns = false;
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
}
