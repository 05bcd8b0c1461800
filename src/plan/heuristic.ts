import { type Fact, offsetsOf, type Task, type TaskState } from "./task.ts";
import type { TransitionGraph } from "./transition_graph.ts";

/**
 * A lower bound of the cost from a state to the goals; Infinity if they cannot be reached.
 *
 * @param also More facts that must hold, now or at some later moment.
 */
export type Heuristic = (state: TaskState, also?: readonly Fact[]) => number;

/**
 * Makes the heuristic of a task: the sum over its variables of what each must still do, seen on its own.
 *
 * The obligations start from the goals. A variable that must take a value needs whatever every way to that value needs
 * (landmarks), which other variables must provide in turn. A variable that must move makes unknown what can only be
 * known while it stays, and a goal among that must be discovered again. Each of these happens at some moment in every
 * plan, and each variable pays its own share of the costs, so the sum is never too high.
 *
 * @param task The task.
 * @param graphs The transition graphs of its variables, by number.
 */
export function createHeuristic(task: Task, graphs: readonly TransitionGraph[]): Heuristic {
  const goalOf: (number | undefined)[] = task.sizes.map(() => undefined);
  for (const { variable, value } of task.goals) goalOf[variable] = value;

  /** Where the marks of a variable's values begin. */
  const offsets = offsetsOf(task.sizes);
  // Marks hold the number of the evaluation that set them, so that they need not be cleared.
  let evaluation = 0;
  const wantedIn = new Uint32Array(offsets[task.sizes.length] ?? 0);
  const movedIn = new Uint32Array(task.sizes.length);
  const forgottenIn = new Uint32Array(task.sizes.length);
  /** The cost of a variable, by its longest way; and, as a second bound, for all the values that it must take. */
  const costs = new Float64Array(task.sizes.length);
  const arrivals = new Float64Array(task.sizes.length);
  let pending: number[] = [];
  let state: TaskState = task.initial;

  function want(variable: number, value: number): void {
    const mark = (offsets[variable] ?? 0) + value;
    if (state[variable] === value || wantedIn[mark] === evaluation) return;
    wantedIn[mark] = evaluation;
    pending.push(variable, value);
  }

  function pay(variable: number, cost: number): void {
    if (cost > (costs[variable] ?? 0)) costs[variable] = cost;
  }

  /** Each value that a variable must take has to be entered, by whatever way. */
  function enter(variable: number, value: number): void {
    arrivals[variable] = (arrivals[variable] ?? 0) + (graphs[variable]?.costOfEntering(value) ?? Infinity);
  }

  /** A variable will not keep the value that it has: what depends on that will be forgotten. */
  function move(variable: number): void {
    if (movedIn[variable] === evaluation) return;
    movedIn[variable] = evaluation;
    const now = state[variable];
    if (now !== undefined && now === goalOf[variable]) enter(variable, now); // it has to come back
    for (const dependent of task.dependents[variable] ?? []) {
      if (state[dependent.variable] !== 0) forget(dependent.variable);
    }
  }

  function forget(variable: number): void {
    if (forgottenIn[variable] === evaluation) return;
    forgottenIn[variable] = evaluation;
    move(variable);
    const goal = goalOf[variable];
    if (goal === undefined || goal === 0) return;
    pay(variable, graphs[variable]?.distancesTo(goal)[0] ?? Infinity);
    need(variable, goal, 0);
  }

  function leave(variable: number): void {
    move(variable);
    pay(variable, graphs[variable]?.costOfLeaving(state[variable] ?? 0, goalOf[variable]) ?? Infinity);
  }

  /** Takes up what every way of a variable from one value to another needs. */
  function need(variable: number, to: number, from: number): void {
    for (const fact of graphs[variable]?.needsOf(to) ?? []) {
      if (fact.unavoidable[from] !== 1) continue;
      if (fact.holds) want(fact.variable, fact.value);
      else if (state[fact.variable] === fact.value) leave(fact.variable);
    }
  }

  return (now, also = []) => {
    evaluation++;
    state = now;
    pending = [];
    costs.fill(0);
    arrivals.fill(0);
    for (const { variable, value } of task.goals) want(variable, value);
    for (const { variable, value } of also) want(variable, value);
    while (pending.length > 0) {
      const value = pending.pop() ?? 0;
      const variable = pending.pop() ?? 0;
      const from = state[variable] ?? 0;
      const goal = goalOf[variable];
      const graph = graphs[variable];
      const first = graph?.distancesTo(value)[from] ?? Infinity;
      const then = goal === undefined ? 0 : graph?.distancesTo(goal)[value] ?? Infinity;
      pay(variable, first + then);
      if (first + then === Infinity) return Infinity;
      enter(variable, value);
      move(variable);
      need(variable, value, from);
    }
    let sum = 0;
    for (let variable = 0; variable < costs.length; variable++) {
      sum += Math.max(costs[variable] ?? 0, arrivals[variable] ?? 0);
    }
    return sum;
  };
}
