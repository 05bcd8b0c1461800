import { canHaveNeeds, type Reached } from "./reach.ts";
import { type Action, dependentsOf, type Fact, type Task } from "./task.ts";

/**
 * Splits a task into tasks that do not interact, over only the variables on which the goals can depend. Variables that
 * can take only one value are dropped, so that they join nothing.
 *
 * @param task The task.
 * @param reached Its delete relaxation, which has every goal.
 * @returns The parts, ordered by their first variable.
 */
export function partition(task: Task, reached: Reached): Task[] {
  const varies = task.initial.map((value, variable) => reached.hasOther(variable, value));
  const actions = task.actions.filter((action) => canHaveNeeds(action, reached));
  const touches = actions.map((action) => variablesOf(task, action).filter((variable) => varies[variable]));
  const relevant = relevantVariables(task, actions, touches, varies);

  const { leader, join } = createNumberGroups(task.sizes.length);
  function joinAll(variables: readonly number[]): void {
    for (const variable of variables) join(variables[0] ?? variable, variable);
  }
  for (const variables of touches) {
    if (variables.every((variable) => relevant.has(variable))) joinAll(variables);
  }
  for (const variable of relevant) {
    const facts = task.conditions[variable] ?? [];
    joinAll([variable, ...facts.map((fact) => fact.variable).filter((other) => relevant.has(other))]);
  }

  const members = new Map<number, number[]>();
  for (const variable of [...relevant].sort((a, b) => a - b)) {
    const variables = members.get(leader(variable)) ?? [];
    variables.push(variable);
    members.set(leader(variable), variables);
  }
  const actionsOf = new Map<number, Action[]>();
  for (const [index, action] of actions.entries()) {
    const variables = touches[index] ?? [];
    const first = variables[0];
    if (first === undefined || !variables.every((variable) => relevant.has(variable))) continue;
    const list = actionsOf.get(leader(first)) ?? [];
    list.push(action);
    actionsOf.set(leader(first), list);
  }
  return [...members].map(([top, variables]) => restrict(task, variables, actionsOf.get(top) ?? []));
}

function variablesOf(task: Task, { changes, requires, excludes }: Action): number[] {
  const variables: number[] = [];
  const add = (variable: number) => void (variables.includes(variable) || variables.push(variable));
  for (const { variable } of changes) add(variable);
  for (const { variable } of requires) add(variable);
  for (const { variable } of excludes) add(variable);
  for (const { variable } of changes) {
    for (const fact of task.conditions[variable] ?? []) add(fact.variable);
  }
  return variables;
}

/** Finds the goals' variables, the variables that the actions changing these read, and so on. */
function relevantVariables(
  task: Task,
  actions: readonly Action[],
  touches: readonly (readonly number[])[],
  varies: readonly boolean[],
): Set<number> {
  const changers: number[][] = task.sizes.map(() => []);
  for (const [index, action] of actions.entries()) {
    for (const { variable } of action.changes) changers[variable]?.push(index);
  }
  const relevant = new Set(task.goals.map((goal) => goal.variable).filter((variable) => varies[variable]));
  for (const variable of relevant) { // grows while it is read
    for (const fact of task.conditions[variable] ?? []) if (varies[fact.variable]) relevant.add(fact.variable);
    for (const index of changers[variable] ?? []) {
      for (const other of touches[index] ?? []) relevant.add(other);
    }
  }
  return relevant;
}

/**
 * Takes a part of a task, with its variables numbered anew. Whatever actions, conditions and goals say about other
 * variables is dropped.
 *
 * @param task The whole task.
 * @param variables The variables to keep, ascending.
 * @param actions The actions to keep.
 */
export function restrict(task: Task, variables: readonly number[], actions: readonly Action[]): Task {
  if (variables.length === task.sizes.length) return { ...task, actions };
  const numbers = new Map(variables.map((variable, number) => [variable, number]));
  const pick = <T>(list: readonly T[]): T[] => list.filter((_item, variable) => numbers.has(variable));
  /** Facts of variables that are not here hold for ever. */
  const translate = (facts: readonly Fact[]): Fact[] =>
    facts.flatMap(({ variable, value }) => {
      const number = numbers.get(variable);
      return number === undefined ? [] : [{ variable: number, value }];
    });
  const conditions = pick(task.conditions).map(translate);
  return {
    urls: pick(task.urls),
    sizes: pick(task.sizes),
    initial: pick(task.initial),
    conditions,
    dependents: dependentsOf(conditions),
    actions: actions.map((action) => ({
      ...action,
      changes: action.changes.flatMap(({ variable, from, to }) => {
        const number = numbers.get(variable);
        return number === undefined ? [] : [{ variable: number, from, to }];
      }),
      requires: translate(action.requires),
      excludes: translate(action.excludes),
    })),
    goals: translate(task.goals),
  };
}

/** Numbers in groups: at first each in one of its own. */
export interface NumberGroups {
  /** The smallest number of a group, which stands for it. */
  leader(of: number): number;
  /** Makes one group of the groups of two numbers. */
  join(one: number, other: number): void;
}

/** Makes groups of the numbers from 0 to `count - 1` (union-find with path compression). */
export function createNumberGroups(count: number): NumberGroups {
  const group = Array.from({ length: count }, (_, number) => number);
  function leader(of: number): number {
    let top = of;
    while (group[top] !== undefined && group[top] !== top) top = group[top] ?? top;
    group[of] = top;
    return top;
  }
  return {
    leader,
    join(one, other) {
      const [a, b] = [leader(one), leader(other)];
      group[Math.max(a, b)] = Math.min(a, b);
    },
  };
}
