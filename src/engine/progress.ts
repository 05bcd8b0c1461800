import type { Step } from "../plan/mod.ts";
import type { EngineNode } from "./node.ts";
import { type Schema, type Value, valueIn, type Values } from "../state/mod.ts";

/** The progress of a mutation, by the discovered values of its variables. */
export type Progress =
  /** Every variable has its old value. */
  | "begun"
  /** Some variables have changed, the others have their old values. */
  | "partial"
  /** Every variable has its new value. */
  | "done"
  /** A variable has another value. */
  | "astray";

/**
 * Returns the progress of `step` by the values of `view`.
 *
 * @param schema The variables.
 */
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
 * Returns `view` as if `steps` had not begun. The values of a mutation that changes several variables may arrive one by
 * one. In between, a plan from the values seen would not continue the mutation.
 *
 * @param schema The variables.
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

/** Tells whether `step` sets a variable to the value that cfg of `node` asks for. */
export function reachesGoal(step: Step, node: EngineNode): boolean {
  return Object.entries(step.changes).some(([url, [, to]]) => node.cfg.get(url) === to);
}
