import type { Unit } from "./suites.ts";

/** How many units run at a time. */
export interface PoolSize {
  /** So many at any rate. */
  readonly workers: number;
  /** So many when `spare` says so: many tests wait for processes and timeouts rather than compute. */
  readonly most: number;
  /** Resolves as soon as the machine has room for one more. */
  readonly spare: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs units in order, of the heavy ones one at a time, and two where there is room or only heavy ones are left.
 *
 * @param signal No further unit is started once it has fired.
 */
export async function runPool(
  units: readonly Unit[],
  size: PoolSize,
  run: (unit: Unit) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...units];
  const running = new Set<Promise<void>>();
  let heavyOnes = 0;
  const take = (heavyLimit: number): Unit | undefined => {
    const index = signal.aborted ? -1 : waiting.findIndex(({ heavy }) => !heavy || heavyOnes < heavyLimit);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };
  const start = async (unit: Unit) => {
    if (unit.heavy) heavyOnes++;
    await run(unit);
    if (unit.heavy) heavyOnes--;
  };
  async function work(): Promise<void> {
    // Only heavy units are left at its end, and the workers that run some go on with them.
    for (let unit; (unit = take(waiting.every(({ heavy }) => heavy) ? 2 : 1)) !== undefined;) await start(unit);
  }
  const done = new AbortController();
  async function workMore(): Promise<void> {
    const over = AbortSignal.any([signal, done.signal]);
    while (!over.aborted) {
      await size.spare(over);
      const unit = over.aborted || running.size >= size.most - size.workers ? undefined : take(2);
      if (unit === undefined) continue;
      const one = start(unit).finally(() => running.delete(one));
      running.add(one);
    }
  }
  const more = workMore();
  await Promise.all(Array.from({ length: size.workers }, work));
  done.abort();
  await more;
  await Promise.all(running);
}
