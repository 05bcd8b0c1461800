import type { Action, Task, TaskState } from "./task.ts";

/** Tells whether `action` can run in `state`. */
export function isApplicable(action: Action, state: TaskState): boolean {
  for (const { variable, from } of action.changes) if (state[variable] !== from) return false;
  for (const { variable, value } of action.requires) if (state[variable] !== value) return false;
  for (const { variable, value } of action.excludes) if (state[variable] === value) return false;
  return true;
}

/**
 * Computes the state of `task` after `action` in `state`: its changes, without the values that can no longer be known.
 */
export function applyEffects(task: Task, action: Action, state: TaskState): number[] {
  const after = state.slice();
  applyTo(task, action, after);
  return after;
}

/** Does what {@link applyEffects} does in place: makes `after`, a state of `task`, the one after `action`. */
export function applyTo(task: Task, action: Action, after: number[]): void {
  for (const { variable, to } of action.changes) after[variable] = to;
  const moved: number[] = [];
  for (const { variable } of action.changes) {
    const isKnown = task.conditions[variable]?.every((fact) => after[fact.variable] === fact.value) ?? true;
    if (!isKnown) after[variable] = 0;
    moved.push(variable);
  }
  for (let variable = moved.pop(); variable !== undefined; variable = moved.pop()) {
    for (const dependent of task.dependents[variable] ?? []) {
      if (after[dependent.variable] === 0 || after[variable] === dependent.value) continue;
      after[dependent.variable] = 0;
      moved.push(dependent.variable);
    }
  }
}

/** Lists every variable of `task` that `action` can make unknown, in whatever state it runs. */
export function forgottenBy(task: Task, action: Action): Set<number> {
  const forgotten = new Set<number>();
  for (const { variable, to } of action.changes) {
    for (const dependent of task.dependents[variable] ?? []) {
      if (dependent.value !== to) forgotten.add(dependent.variable);
    }
  }
  for (const variable of forgotten) { // grows while it is read
    for (const dependent of task.dependents[variable] ?? []) forgotten.add(dependent.variable);
  }
  return forgotten;
}
