import type { Value, Values } from "../state/mod.ts";
import type { Goal } from "./goals.ts";
import type { GroundFrame, GroundMutation } from "./ground.ts";
import type { Domain } from "./plan.ts";

/** The largest sum of weights: within it sums of whole numbers are exact. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/** The cost of an action in both respects. Both are positive integers. */
export interface Expense {
  readonly disruption: number;
  /** Milliseconds. */
  readonly duration: number;
}

/**
 * Makes one number of disruption and duration. Of two plans of at most `maxSteps` steps the one of less disruption has
 * the lower sum, and of two of the same disruption the one that takes less time in all. Sums are exact.
 *
 * If numbers are too small for that, durations count in a coarser unit than milliseconds, rounded up; disruption is
 * always exact. With the planner's default bound that takes, say, disruptions of 100 and expected durations of a
 * quarter of an hour, which then count in tenths of a second.
 *
 * @param expenses The expenses of all actions.
 * @param maxSteps At most 500,000, for the largest disruptions that can be declared.
 */
export function weigher(expenses: readonly Expense[], maxSteps: number): (expense: Expense) => number {
  const longest = expenses.reduce((most, { duration }) => Math.max(most, duration), 1);
  const worst = expenses.reduce((most, { disruption }) => Math.max(most, disruption), 1);
  const steps = Math.max(1, maxSteps);
  // A plan weighs at most steps * (worst + 1) * steps * (longest / unit + 1).
  const unit = Math.max(1, Math.ceil(longest / Math.max(1, LARGEST / (steps * (worst + 1) * steps) - 1)));
  const ofDisruption = steps * Math.ceil(longest / unit) + 1;
  return ({ disruption, duration }) => disruption * ofDisruption + Math.ceil(duration / unit);
}

/**
 * Lays the values of variables of these `sizes` out one after the other, and returns where those of each begin; the
 * last number is the total.
 */
export function offsetsOf(sizes: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(sizes.length + 1);
  for (const [variable, size] of sizes.entries()) offsets[variable + 1] = (offsets[variable] ?? 0) + size;
  return offsets;
}

/** A variable and one of its values, both by number. */
export interface Fact {
  readonly variable: number;
  readonly value: number;
}

/** A mutation in numbers, ready to search with. */
export interface Action {
  readonly mutation: GroundMutation;
  /** Disruption and duration as one number. */
  readonly cost: number;
  readonly changes: readonly { readonly variable: number; readonly from: number; readonly to: number }[];
  readonly requires: readonly Fact[];
  readonly excludes: readonly Fact[];
}

/** A state: for each variable the number of its value. 0 is unknown. */
export type TaskState = readonly number[];

/**
 * A planning problem in numbers (SAS+). Constants, and variables that cannot change, are compiled away: the actions
 * that they forbid are left out, and the needs that they satisfy are dropped.
 */
export interface Task {
  readonly urls: readonly string[];
  /** Number of values of each variable. */
  readonly sizes: readonly number[];
  readonly initial: TaskState;
  /** For each variable the facts without which it becomes unknown. A value of -1 never holds. */
  readonly conditions: readonly (readonly Fact[])[];
  /** For each variable those whose condition names it, with the value that they need. */
  readonly dependents: readonly (readonly Fact[])[];
  readonly actions: readonly Action[];
  /** A value of -1 can never hold. */
  readonly goals: readonly Fact[];
}

/** The whole question as one task, with the names for explanations. */
export interface TaskProblem {
  readonly frame: GroundFrame;
  readonly task: Task;
  /** The number of a variable that can change; undefined for one that cannot. */
  variableOf(url: string): number | undefined;
  /** The number of a variable's value; -1 when it isn't one of them. */
  valueOf(variable: number, value: Value): number;
  /** The value behind a number; undefined for the unknown value of a type that is not an enumeration. */
  wordOf(variable: number, value: number): Value | undefined;
  /** The value of a URL that cannot change. */
  fixed(url: string): Value | undefined;
  /** Tells whether the value of a URL comes from the node's cfg alone. */
  isGiven(url: string): boolean;
}

/**
 * Compiles a frame and the values of a node into numbers.
 *
 * @param domain The domain.
 * @param frame Everything that the goals can depend on.
 * @param view The node's known values.
 * @param goals The goals to pursue.
 * @param maxExpansions The most states that a search expands, and so the most steps of a plan.
 */
export function compileProblem(
  domain: Domain,
  frame: GroundFrame,
  view: Values,
  goals: readonly Goal[],
  maxExpansions: number,
): TaskProblem {
  const weigh = weigher(frame.mutations, maxExpansions);

  function current(url: string): Value | undefined {
    const isConstant = domain.schema.find(url)?.variable.writer === "cfg";
    return view.get(url) ?? (isConstant ? undefined : domain.schema.unknownOf(url));
  }

  const changed = new Set<string>();
  for (const { changes } of frame.mutations) for (const { url } of changes) changed.add(url);
  const canBeForgotten = (url: string) => frame.conditions.has(url) && view.has(url);
  const urls = frame.urls.filter((url) => changed.has(url) || canBeForgotten(url));
  const numbers = new Map(urls.map((url, number) => [url, number]));
  const values = urls.map((url) => numbersOf(domain, url, view.get(url)));
  const valueOf = (variable: number, value: Value) => values[variable]?.get(value) ?? -1;

  const conditions = urls.map((url, own) =>
    (frame.conditions.get(url) ?? []).flatMap((needed): Fact[] => {
      const variable = numbers.get(needed.url);
      if (variable !== undefined) return [{ variable, value: valueOf(variable, needed.value) }];
      return current(needed.url) === needed.value ? [] : [{ variable: own, value: -1 }];
    })
  );
  const actions: Action[] = [];
  for (const mutation of frame.mutations) {
    const action = compileAction(mutation);
    if (action !== undefined) actions.push(action);
  }
  const task: Task = {
    urls,
    sizes: values.map((known) => known.size),
    initial: [],
    conditions,
    dependents: dependentsOf(conditions),
    actions,
    goals: goals.flatMap(({ url, value }): Fact[] => {
      const variable = numbers.get(url);
      return variable === undefined ? [] : [{ variable, value: valueOf(variable, value) }];
    }),
  };
  const initial = urls.map((url, variable) => {
    const value = view.get(url);
    return value === undefined ? 0 : Math.max(0, valueOf(variable, value));
  });
  return {
    frame,
    task: { ...task, initial: onlyKnown(task, initial) },
    variableOf: (url) => numbers.get(url),
    valueOf,
    wordOf: (variable, value) => [...values[variable] ?? []].find(([, number]) => number === value)?.[0],
    fixed: current,
    isGiven: (url) => domain.schema.find(url)?.variable.writer === "cfg",
  };

  function compileAction(mutation: GroundMutation): Action | undefined {
    const requires: Fact[] = [];
    for (const { url, value } of mutation.requires) {
      const variable = numbers.get(url);
      if (variable !== undefined) requires.push({ variable, value: valueOf(variable, value) });
      else if (current(url) !== value) return undefined;
    }
    const excludes: Fact[] = [];
    for (const { url, values } of mutation.excludes) {
      const variable = numbers.get(url);
      for (const value of values) {
        if (variable !== undefined) excludes.push({ variable, value: valueOf(variable, value) });
        else if (current(url) === value) return undefined;
      }
    }
    const changes = mutation.changes.map(({ url, from, to }) => {
      const variable = numbers.get(url) ?? -1;
      return { variable, from: valueOf(variable, from), to: valueOf(variable, to) };
    });
    const isPossible = requires.every(({ value }) => value >= 0) &&
      changes.every(({ variable, from, to }) => variable >= 0 && from >= 0 && to >= 0);
    if (!isPossible) return undefined;
    return { mutation, cost: weigh(mutation), changes, requires, excludes: excludes.filter(({ value }) => value >= 0) };
  }
}

const numbered = new WeakMap<readonly string[], ReadonlyMap<Value | undefined, number>>();

/** Numbers the values of a variable. One that is not an enumeration has two: unknown, and its current value. */
function numbersOf(domain: Domain, url: string, now: Value | undefined): ReadonlyMap<Value | undefined, number> {
  const type = domain.schema.find(url)?.variable.type;
  if (type?.kind !== "enum") return new Map<Value | undefined, number>([[undefined, 0], [now, 1]]);
  const known = numbered.get(type.values) ?? new Map(type.values.map((value, number) => [value, number]));
  numbered.set(type.values, known);
  return known;
}

/** Makes a key of `state`: different states have different keys. */
export function keyOf(state: TaskState): string {
  return String.fromCharCode(...state);
}

/** Inverts `conditions`: lists for each variable those that depend on it, with the value that they need. */
export function dependentsOf(conditions: readonly (readonly Fact[])[]): Fact[][] {
  const dependents: Fact[][] = conditions.map(() => []);
  for (const [variable, facts] of conditions.entries()) {
    for (const fact of facts) {
      if (fact.value >= 0) dependents[fact.variable]?.push({ variable, value: fact.value });
    }
  }
  return dependents;
}

/** Copies `state` of `task` without the values that cannot be known in it. */
export function onlyKnown(task: Task, state: TaskState): TaskState {
  const known = [...state];
  let again = true;
  while (again) {
    again = false;
    for (const [variable, facts] of task.conditions.entries()) {
      if (known[variable] === 0 || facts.every((fact) => known[fact.variable] === fact.value)) continue;
      known[variable] = 0;
      again = true;
    }
  }
  return known;
}
