import type { Action, Task } from "./task.ts";

/** Which values variables can take at all. */
export interface Reached {
  has(variable: number, value: number): boolean;
  /** Tells whether a variable can have another value than this one. */
  hasOther(variable: number, value: number): boolean;
}

/** Makes an empty, growing {@link Reached}. */
export function createReached(sizes: readonly number[]): Reached & { add(variable: number, value: number): boolean } {
  const values = sizes.map(() => new Set<number>());
  return {
    has: (variable, value) => values[variable]?.has(value) ?? false,
    hasOther: (variable, value) => {
      const known = values[variable];
      return known !== undefined && known.size > (known.has(value) ? 1 : 0);
    },
    add(variable, value) {
      const known = values[variable];
      if (known === undefined || known.has(value)) return false;
      known.add(value);
      return true;
    },
  };
}

/** Tells whether each thing that an action needs can be had, though perhaps not all at once. */
export function canHaveNeeds(action: Action, reached: Reached): boolean {
  return action.changes.every(({ variable, from }) => reached.has(variable, from)) &&
    action.requires.every(({ variable, value }) => reached.has(variable, value)) &&
    action.excludes.every(({ variable, value }) => reached.hasOther(variable, value));
}

/**
 * Tells whether a variable can keep the value that an action gives it: each fact of its condition is made by the action
 * itself or can be had.
 */
export function canKeep(task: Task, action: Action, variable: number, reached: Reached): boolean {
  return (task.conditions[variable] ?? []).every((fact) => {
    const made = action.changes.find((change) => change.variable === fact.variable);
    if (made === undefined) return reached.has(fact.variable, fact.value);
    return made.to === fact.value && fact.variable !== variable && canKeep(task, action, fact.variable, reached);
  });
}

/**
 * The values that variables can take if what was once reached stayed at hand (the delete relaxation). What it does not
 * reach, nothing reaches.
 */
export function relaxedReach(task: Task): Reached {
  const reached = createReached(task.sizes);
  const readers = readersOf(task);
  const pending = new Set<Action>(task.actions);

  function add(variable: number, value: number): void {
    if (!reached.add(variable, value)) return;
    for (const action of readers[variable]?.get(value) ?? []) pending.add(action);
    for (const action of readers[variable]?.get(ANY) ?? []) pending.add(action);
    for (const dependent of task.dependents[variable] ?? []) {
      if (dependent.value !== value) add(dependent.variable, 0);
    }
  }

  for (const [variable, value] of task.initial.entries()) add(variable, value);
  for (const action of pending) { // grows while it is read
    pending.delete(action);
    if (!canHaveNeeds(action, reached)) continue;
    for (const { variable, to } of action.changes) {
      if (to === 0 || canKeep(task, action, variable, reached)) add(variable, to);
    }
  }
  return reached;
}

/** Stands for every value of a variable. */
const ANY = -1;

/** For each variable and value the actions whose use can depend on it. */
function readersOf(task: Task): Map<number, Action[]>[] {
  const readers: Map<number, Action[]>[] = task.sizes.map(() => new Map());
  function reads(action: Action, variable: number, value: number): void {
    const actions = readers[variable]?.get(value) ?? [];
    actions.push(action);
    readers[variable]?.set(value, actions);
  }
  for (const action of task.actions) {
    for (const { variable, value } of action.requires) reads(action, variable, value);
    for (const { variable } of action.excludes) reads(action, variable, ANY);
    for (const { variable, from } of action.changes) {
      reads(action, variable, from);
      for (const fact of task.conditions[variable] ?? []) reads(action, fact.variable, fact.value);
    }
  }
  return readers;
}
