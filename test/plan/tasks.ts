// Tasks as the planner searches them, and what is true of them, found out the long way: by going through every state.
import { compileDomain } from "../../src/plan/mod.ts";
import { applyEffects, isApplicable } from "../../src/plan/effects.ts";
import { goalsOf, sortGoals } from "../../src/plan/goals.ts";
import { createGrounder } from "../../src/plan/ground.ts";
import { closedHub, leavesAround, type Star } from "../../src/plan/star.ts";
import { compileProblem, type Fact, type Task, type TaskState } from "../../src/plan/task.ts";
import { fc } from "../support/property.ts";
import { type Problem, problems } from "./random_domain.ts";
import { stars } from "./random_star.ts";

/** Seeds that make problems of 12 to 60 states, nearly all with a plan. */
const SEEDS = [
  ...[4, 18, 26, 32, 34, 42, 50, 51, 53, 55, 61, 66, 76, 88, 91, 96, 98, 108, 112, 125, 132, 133, 137, 139, 140],
  ...[141, 142, 144, 155, 158, 164, 168, 172, 180, 181, 182, 186, 197, 203, 206, 208, 210, 212, 216, 224, 231, 240],
  ...[249, 252, 259],
];
/** Seeds that make hubs with leaves, of 20 to 400 states. */
const STARS = [4, 9, 13, 15, 21, 22, 25, 27, 34, 35, 39, 46, 48, 56, 58, 70, 90, 91, 94, 100];

/** Tasks that are the same in each run: for what is compared with figures that were measured before. */
export function fixedTasks(): Task[] {
  const made = [
    ...SEEDS.flatMap((seed) => fc.sample(problems, { seed, numRuns: 1 })),
    ...STARS.flatMap((seed) => fc.sample(fc.noBias(stars), { seed, numRuns: 1 })),
  ];
  return made.flatMap((problem) => taskOf(problem) ?? []);
}

/** The task of a problem; undefined where its conditions lead back to themselves. */
export function taskOf(problem: Problem): Task | undefined {
  try {
    const domain = compileDomain(problem.modules);
    const { active } = sortGoals(domain, goalsOf(domain, problem.cfg));
    const frame = createGrounder(domain).ground(active.map(({ url }) => url), []);
    return compileProblem(domain, frame, problem.view, active, 20_000).task;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The star around the chosen variables, and whatever their conditions name. */
export function starAround(task: Task, isChosen: (variable: number) => boolean): Star {
  const hub = closedHub(task, [...task.sizes.keys()].filter(isChosen));
  return { hub, leaves: leavesAround(task, hub) };
}

/** Every state that can be reached, and each way from one to the next. */
export interface Space {
  readonly states: readonly TaskState[];
  readonly ways: readonly { readonly from: number; readonly to: number; readonly cost: number }[];
}

export function spaceOf(task: Task): Space {
  const numbers = new Map([[task.initial.join(), 0]]);
  const states: TaskState[] = [task.initial];
  const ways: { from: number; to: number; cost: number }[] = [];
  for (const [from, state] of states.entries()) { // grows while it is read
    for (const action of task.actions.filter((action) => isApplicable(action, state))) {
      const after = applyEffects(task, action, state);
      const to = numbers.get(after.join()) ?? states.push(after) - 1;
      numbers.set(after.join(), to);
      ways.push({ from, to, cost: action.cost });
    }
  }
  return { states, ways };
}

/** For each number the least cost of a way to one of the ends; Infinity where there is none. */
export function costsTo(
  count: number,
  ways: readonly { readonly from: number; readonly to: number; readonly cost: number }[],
  isEnd: (number: number) => boolean,
): number[] {
  const costs = Array.from({ length: count }, (_, number) => (isEnd(number) ? 0 : Infinity));
  for (let again = true; again;) {
    again = false;
    for (const { from, to, cost } of ways) {
      const sum = (costs[to] ?? Infinity) + cost;
      if (sum >= (costs[from] ?? Infinity)) continue;
      costs[from] = sum;
      again = true;
    }
  }
  return costs;
}

export function hold(state: TaskState | undefined, facts: readonly Fact[]): boolean {
  return facts.every(({ variable, value }) => state?.[variable] === value);
}

/**
 * For each state the least cost of a way to the goals on which a fact holds now or at some later moment.
 *
 * @param also Undefined: none.
 */
export function costsToGoals(task: Task, { states, ways }: Space, also?: Fact): number[] {
  const toGoals = costsTo(states.length, ways, (number) => hold(states[number], task.goals));
  if (also === undefined) return toGoals;
  // One more state, the end, to which the ways to the goals lead from where the fact holds.
  const end = states.length;
  const jumps = states.flatMap((state, from) =>
    state[also.variable] === also.value ? [{ from, to: end, cost: toGoals[from] ?? Infinity }] : []
  );
  return costsTo(states.length + 1, [...ways, ...jumps], (number) => number === end).slice(0, end);
}
