import type { Unit } from "./suites.ts";

/**
 * Runs units on `workers` workers, in order: one heavy one at a time beside others, and two once only heavy ones are left.
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
  let heavyOnes = 0;
  async function work(): Promise<void> {
    while (!signal.aborted) {
      const most = waiting.every(({ heavy }) => heavy) ? 2 : 1;
      const index = waiting.findIndex(({ heavy }) => !heavy || heavyOnes < most);
      const [unit] = index < 0 ? [] : waiting.splice(index, 1);
      // Only heavy units are left, and the workers that run some go on with them.
      if (unit === undefined) return;
      if (unit.heavy) heavyOnes++;
      await run(unit);
      if (unit.heavy) heavyOnes--;
    }
  }
  await Promise.all(Array.from({ length: workers }, work));
}
