import { cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

/** How long is looked at a time, in milliseconds: what was started meanwhile is to have begun to compute. */
const PERIOD = 1500;
/** The share of all processors that has to have been idle. */
const ENOUGH = 0.3;

/** Resolves as soon as the processors were idle enough for a while that there is room for one more test; or `signal` fires. */
export async function spareProcessors(signal: AbortSignal): Promise<void> {
  for (let before = times(); !signal.aborted;) {
    await wait(PERIOD, undefined, { signal }).catch(() => {});
    const now = times();
    if (now.idle - before.idle >= ENOUGH * (now.all - before.all)) return;
    before = now;
  }
}

/** What all processors together have spent so far, in milliseconds. */
function times(): { readonly idle: number; readonly all: number } {
  const each = cpus().map(({ times }) => times);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return { idle: sum(each.map(({ idle }) => idle)), all: sum(each.flatMap((one) => Object.values(one))) };
}
