import type { Step } from "../plan/mod.ts";
import type { EngineNode } from "./node.ts";
import { type Schema, type Value, valueIn, type Values } from "../state/mod.ts";

/** The progress of a mutation, by the discovered values of what it changes. */
export type Progress =
  /** Every value is as it was. */
  | "begun"
  /** Some values have changed, the others are as they were. */
  | "partial"
  /** Every value is what the mutation makes of it. */
  | "done"
  /** A value is neither. */
  | "astray";

/** Tells how far a mutation is. */
export function progressOf(step: Step, schema: Schema, view: Values): Progress {
  let changed = 0;
  let unchanged = 0;
  for (const [url, [from, to]] of Object.entries(step.changes)) {
    const value = valueIn(schema, view, url);
    if (value === to) changed++;
    else if (value === from) unchanged++;
    else return "astray";
  }
  if (unchanged === 0) return "done";
  return changed === 0 ? "begun" : "partial";
}

/**
 * A view as if these mutations had not begun. Values of a mutation that changes several may arrive one by one; in between
 * no mutation starts from what is seen, and a plan from there would not continue the one that runs.
 */
export function withoutProgress(steps: readonly Step[], schema: Schema, view: Values): Values {
  if (steps.length === 0) return view;
  const before = new Map<string, Value>(view);
  for (const step of steps) {
    for (const [url, [from]] of Object.entries(step.changes)) {
      if (from === schema.unknownOf(url)) before.delete(url);
      else before.set(url, from);
    }
  }
  return before;
}

/** Tells whether a step brings about a value that the node's cfg asks for. */
export function reachesGoal(step: Step, node: EngineNode): boolean {
  return Object.entries(step.changes).some(([url, [, to]]) => node.cfg.get(url) === to);
}
