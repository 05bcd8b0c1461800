import type { MutationKey, Step } from "../plan/mod.ts";
import type { Memory } from "./failures.ts";

/** What of a plan may start now, and what stands in the way of the rest. */
export interface Gate {
  /** Steps that nothing keeps from running now; some of them may be in flight already. */
  readonly open: readonly Step[];
  /** When the next step comes out of its backoff, in clock milliseconds. */
  readonly retryAt: number | undefined;
  /** Memories of steps that wait for their backoff. */
  readonly waiting: readonly Memory[];
  /** Memories of steps that are given up. */
  readonly held: readonly Memory[];
}

/**
 * Finds what may start. A step that waits or is held also holds back everything that only prepares it: no machine is
 * powered on just to stand there for the backoff of its boot.
 *
 * @param concerns Tells whether a step is this engine's to run or to await.
 */
export function openGate(
  steps: readonly Step[],
  concerns: (step: Step) => boolean,
  failures: ReadonlyMap<MutationKey, Memory>,
  now: number,
): Gate {
  const heldBack = new Set<number>();
  const waiting: Memory[] = [];
  const held: Memory[] = [];
  for (const [place, step] of steps.entries()) {
    const memory = failures.get(step.key);
    if (memory === undefined) continue;
    if (memory.held) held.push(memory);
    else if (memory.retryAt > now) waiting.push(memory);
    else continue;
    holdBack(steps, place, heldBack);
  }
  return {
    open: steps.filter((step, place) => step.after.length === 0 && concerns(step) && !heldBack.has(place)),
    retryAt: waiting.length === 0 ? undefined : Math.min(...waiting.map((memory) => memory.retryAt)),
    waiting,
    held,
  };
}

/** Adds a step and everything that it comes after. */
function holdBack(steps: readonly Step[], place: number, heldBack: Set<number>): void {
  if (heldBack.has(place)) return;
  heldBack.add(place);
  for (const before of steps[place]?.after ?? []) holdBack(steps, before, heldBack);
}
