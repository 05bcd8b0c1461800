import { Budget, type SearchResult } from "./budget.ts";
import { explainUnreachable, type ReachedByUrl } from "./explain.ts";
import { explore } from "./explore.ts";
import type { Goal } from "./goals.ts";
import { partition } from "./partition.ts";
import type { NoPlan } from "./plan.ts";
import type { Reached } from "./reach.ts";
import { search } from "./search.ts";
import type { Task, TaskProblem } from "./task.ts";

/**
 * Explains the first of `goals` that is not in `reached`, the delete relaxation of `problem`; undefined if all of them
 * are.
 */
export function findUnreachable(problem: TaskProblem, reached: Reached, goals: readonly Goal[]): NoPlan | undefined {
  const goal = goals.find(({ url, value }) => {
    const variable = problem.variableOf(url);
    if (variable === undefined) return problem.fixed(url) !== value;
    return !reached.has(variable, problem.valueOf(variable, value));
  });
  return goal && explainUnreachable(problem, relaxedByUrl(problem, reached), goal);
}

/**
 * Explains why goals have no plan although the delete relaxation reaches each of them: one of them cannot be reached
 * even alone, or a set of them, none of which could be left out, cannot be reached together.
 *
 * @param problem The whole problem.
 * @param reached The delete relaxation of it.
 * @param stuck The part of the problem that has no plan.
 * @param goals The goals of that part.
 * @param bounds The budget of this explanation.
 */
export function* explainExhausted(
  problem: TaskProblem,
  reached: Reached,
  stuck: Task,
  goals: readonly Goal[],
  bounds: { readonly states: number; readonly bytes: number },
): Generator<void, NoPlan> {
  const budget = new Budget(bounds.states, bounds.bytes);
  const explored = yield* explore(stuck, budget);
  for (const goal of goals) {
    const isReached = explored?.has(
      stuck.urls.indexOf(goal.url),
      problem.valueOf(problem.variableOf(goal.url) ?? -1, goal.value),
    );
    if (isReached === true) continue;
    const alone = yield* attempt(problem, reached, [goal], budget);
    if (alone.kind === "bound") return boundReason(alone.bound, bounds);
    if (alone.kind === "exhausted") {
      return explainUnreachable(problem, yield* exploredByUrl(problem, reached, alone.task, budget), goal);
    }
  }
  return { kind: "conflict", goals: yield* leastConflict(problem, reached, goals, budget) };
}

/**
 * Leaves out goals as long as the rest still has no plan: halves of them at once, as most goals of many have nothing to do
 * with a conflict (Junker's QuickXplain). Goals that the budget leaves undecided stay in.
 */
function* leastConflict(
  problem: TaskProblem,
  reached: Reached,
  goals: readonly Goal[],
  budget: Budget,
): Generator<void, readonly Goal[]> {
  function* isConflict(some: readonly Goal[]): Generator<void, boolean> {
    return (yield* attempt(problem, reached, some, budget)).kind === "exhausted";
  }
  /** Those of `among` that a conflict with `kept` needs. */
  function* needed(kept: readonly Goal[], isNew: boolean, among: readonly Goal[]): Generator<void, readonly Goal[]> {
    if (isNew && (yield* isConflict(kept))) return [];
    if (among.length <= 1) return among;
    const half = among.length >> 1;
    const [first, second] = [among.slice(0, half), among.slice(half)];
    const ofSecond = yield* needed([...kept, ...first], true, second);
    const ofFirst = yield* needed([...kept, ...ofSecond], ofSecond.length > 0, first);
    return [...ofFirst, ...ofSecond];
  }
  const found = new Set(yield* needed([], false, goals));
  return goals.filter((goal) => found.has(goal));
}

type Attempt =
  | Exclude<SearchResult, { readonly kind: "exhausted" }>
  | { readonly kind: "exhausted"; readonly task: Task };

function* attempt(
  problem: TaskProblem,
  reached: Reached,
  goals: readonly Goal[],
  budget: Budget,
): Generator<void, Attempt> {
  const facts = goals.flatMap(({ url, value }) => {
    const variable = problem.variableOf(url);
    return variable === undefined ? [] : [{ variable, value: problem.valueOf(variable, value) }];
  });
  for (const task of partition({ ...problem.task, goals: facts }, reached)) {
    const result = yield* search(task, budget);
    if (result.kind === "exhausted") return { kind: "exhausted", task };
    if (result.kind === "bound") return result;
  }
  return { kind: "found", actions: [], cost: 0 };
}

/** Says which `bound` ended a search. */
export function boundReason(
  bound: "states" | "bytes",
  { states, bytes }: { readonly states: number; readonly bytes: number },
): NoPlan {
  return { kind: "bound", bound, limit: bound === "states" ? states : bytes };
}

function relaxedByUrl(problem: TaskProblem, reached: Reached): ReachedByUrl {
  return (url) => {
    const variable = problem.variableOf(url);
    return variable === undefined ? undefined : { variable, reached };
  };
}

/** Explores a task for the values that are really reached; beyond it, or beyond the budget, takes the relaxation. */
function* exploredByUrl(
  problem: TaskProblem,
  reached: Reached,
  task: Task,
  budget: Budget,
): Generator<void, ReachedByUrl> {
  const explored = yield* explore(task, budget);
  const relaxed = relaxedByUrl(problem, reached);
  return (url) => {
    const variable = task.urls.indexOf(url);
    return explored === undefined || variable < 0 ? relaxed(url) : { variable, reached: explored };
  };
}
