import { type Action, offsetsOf, type Task } from "./task.ts";

/** The values that variables can take. */
export interface Reached {
  has(variable: number, value: number): boolean;
  /** Tells whether a variable can have another value than this one. */
  hasOther(variable: number, value: number): boolean;
}

/** Makes an empty, growing {@link Reached} for variables of these `sizes`. */
export function createReached(sizes: readonly number[]): Reached & { add(variable: number, value: number): boolean } {
  const offsets = offsetsOf(sizes);
  const flags = new Uint8Array(offsets[sizes.length] ?? 0);
  const counts = new Uint32Array(sizes.length);
  function has(variable: number, value: number): boolean {
    return value >= 0 && value < (sizes[variable] ?? 0) && flags[(offsets[variable] ?? 0) + value] === 1;
  }
  return {
    has,
    hasOther: (variable, value) => (counts[variable] ?? 0) > (has(variable, value) ? 1 : 0),
    add(variable, value) {
      if (value < 0 || value >= (sizes[variable] ?? 0) || has(variable, value)) return false;
      flags[(offsets[variable] ?? 0) + value] = 1;
      counts[variable] = (counts[variable] ?? 0) + 1;
      return true;
    },
  };
}

/** Tells whether each need of `action` is in `reached`, though perhaps not all at once. */
export function canHaveNeeds(action: Action, reached: Reached): boolean {
  return action.changes.every(({ variable, from }) => reached.has(variable, from)) &&
    action.requires.every(({ variable, value }) => reached.has(variable, value)) &&
    action.excludes.every(({ variable, value }) => reached.hasOther(variable, value));
}

/**
 * Tells whether a variable can keep the value that an action gives it: the action itself makes each fact of its
 * condition, or the fact is in reach.
 *
 * @param task The task.
 * @param action The action.
 * @param variable The variable's number.
 * @param reached The values in reach.
 */
export function canKeep(task: Task, action: Action, variable: number, reached: Reached): boolean {
  return (task.conditions[variable] ?? []).every((fact) => {
    const made = action.changes.find((change) => change.variable === fact.variable);
    if (made === undefined) return reached.has(fact.variable, fact.value);
    return made.to === fact.value && canKeep(task, action, fact.variable, reached);
  });
}

/**
 * Computes the delete relaxation of `task`: the values that variables can take if every value stayed available once it
 * was reached. A value outside it is never reached.
 */
export function relaxedReach(task: Task): Reached {
  const reached = createReached(task.sizes);
  const readers = readersOf(task);
  const pending = new Set<Action>(task.actions);

  function add(variable: number, value: number): void {
    if (!reached.add(variable, value)) return;
    for (const action of readers.ofValue(variable, value)) pending.add(action);
    for (const action of readers.ofAny(variable)) pending.add(action);
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

/** The actions whose use can depend on a value of a variable, and on whichever it has. */
interface Readers {
  ofValue(variable: number, value: number): readonly Action[];
  ofAny(variable: number): readonly Action[];
}

const NONE: readonly Action[] = [];

function readersOf(task: Task): Readers {
  const offsets = offsetsOf(task.sizes);
  const byValue: (Action[] | undefined)[] = new Array(offsets[task.sizes.length] ?? 0);
  const byVariable: (Action[] | undefined)[] = new Array(task.sizes.length);
  function add(lists: (Action[] | undefined)[], place: number, action: Action): void {
    const actions = lists[place];
    if (actions === undefined) lists[place] = [action];
    else actions.push(action);
  }
  function reads(action: Action, variable: number, value: number): void {
    if (value >= 0) add(byValue, (offsets[variable] ?? 0) + value, action);
  }
  for (const action of task.actions) {
    for (const { variable, value } of action.requires) reads(action, variable, value);
    for (const { variable } of action.excludes) add(byVariable, variable, action);
    for (const { variable, from } of action.changes) {
      reads(action, variable, from);
      for (const fact of task.conditions[variable] ?? []) reads(action, fact.variable, fact.value);
    }
  }
  return {
    ofValue: (variable, value) => byValue[(offsets[variable] ?? 0) + value] ?? NONE,
    ofAny: (variable) => byVariable[variable] ?? NONE,
  };
}
