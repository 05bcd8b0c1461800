import type { Distribution } from "../../src/http/mod.ts";
import { createRecorder } from "./distribution.ts";

/** Upper bounds of the buckets, in seconds: from a restarted service to a night. */
const BOUNDS = [1, 5, 10, 30, 60, 120, 300, 600, 1_200, 3_600, 14_400, 43_200];

/** Measures how long nodes take to their goals: from a change of what cfg asks for, or from leaving a goal. */
export interface GoalTimes {
  /**
   * Takes in how a node is.
   *
   * @param target What its cfg asks for: another one starts the time again.
   * @param since When its change was noticed, in clock milliseconds.
   * @param now Clock milliseconds.
   */
  looked(
    id: string,
    node: { readonly target: string; readonly isConverged: boolean; readonly since: number; readonly now: number },
  ): void;
  /** The node is not served here any more. */
  forget(id: string): void;
  read(): Distribution;
}

/** Creates {@link GoalTimes}. Nodes that are at their goals when they are first seen do not count. */
export function createGoalTimes(): GoalTimes {
  const recorder = createRecorder(BOUNDS);
  const targets = new Map<string, string>();
  /** When the way to the goal began, in clock milliseconds, for nodes that are not there. */
  const begun = new Map<string, number>();
  return {
    looked(id, { target, isConverged, since, now }) {
      const before = targets.get(id);
      if (before !== target) {
        targets.set(id, target);
        if (before !== undefined || !isConverged) begun.set(id, since);
      } else if (!isConverged && !begun.has(id)) begun.set(id, since);
      const from = isConverged ? begun.get(id) : undefined;
      if (from === undefined) return;
      begun.delete(id);
      recorder.observe(Math.max(0, now - from) / 1000);
    },
    forget(id) {
      targets.delete(id);
      begun.delete(id);
    },
    read: recorder.read,
  };
}
