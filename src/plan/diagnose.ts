import { explainUnreachable, type ReachedByUrl } from "./explain.ts";
import type { Goal } from "./goals.ts";
import { partition } from "./partition.ts";
import type { NoPlan } from "./plan.ts";
import type { Reached } from "./reach.ts";
import { type Budget, explore, search } from "./search.ts";
import type { Problem, Task } from "./task.ts";

/** Explains the first goal that not even the delete relaxation reaches; undefined when it reaches each of them. */
export function findUnreachable(problem: Problem, reached: Reached, goals: readonly Goal[]): NoPlan | undefined {
  const goal = goals.find(({ url, value }) => {
    const variable = problem.variableOf(url);
    if (variable === undefined) return problem.fixed(url) !== value;
    return !reached.has(variable, problem.valueOf(variable, value));
  });
  return goal && explainUnreachable(problem, relaxedByUrl(problem, reached), goal);
}

/**
 * Says why goals have no plan although the delete relaxation reaches each of them: one that can't be reached even alone,
 * otherwise goals that can't be had together, none of which could be left out.
 */
export function explainExhausted(
  problem: Problem,
  reached: Reached,
  goals: readonly Goal[],
  maxExpansions: number,
): NoPlan {
  const budget: Budget = { left: maxExpansions };
  for (const goal of goals) {
    const alone = attempt(problem, reached, [goal], budget);
    if (alone.kind === "bound") return { kind: "bound", expansions: maxExpansions };
    if (alone.kind === "exhausted") {
      return explainUnreachable(problem, exploredByUrl(problem, reached, alone.task, budget), goal);
    }
  }
  let conflict = goals;
  for (const goal of goals) {
    const others = conflict.filter((other) => other !== goal);
    if (attempt(problem, reached, others, budget).kind === "exhausted") conflict = others;
  }
  return { kind: "conflict", goals: conflict };
}

type Attempt = { readonly kind: "found" | "bound" } | { readonly kind: "exhausted"; readonly task: Task };

function attempt(problem: Problem, reached: Reached, goals: readonly Goal[], budget: Budget): Attempt {
  const facts = goals.flatMap(({ url, value }) => {
    const variable = problem.variableOf(url);
    return variable === undefined ? [] : [{ variable, value: problem.valueOf(variable, value) }];
  });
  for (const task of partition({ ...problem.task, goals: facts }, reached)) {
    const { kind } = search(task, budget);
    if (kind === "exhausted") return { kind, task };
    if (kind === "bound") return { kind };
  }
  return { kind: "found" };
}

function relaxedByUrl(problem: Problem, reached: Reached): ReachedByUrl {
  return (url) => {
    const variable = problem.variableOf(url);
    return variable === undefined ? undefined : { variable, reached };
  };
}

/** What is really reached within a task, and for all else (or if that is too much to go through) what may be. */
function exploredByUrl(problem: Problem, reached: Reached, task: Task, budget: Budget): ReachedByUrl {
  const explored = explore(task, budget);
  const relaxed = relaxedByUrl(problem, reached);
  return (url) => {
    const variable = task.urls.indexOf(url);
    return explored === undefined || variable < 0 ? relaxed(url) : { variable, reached: explored };
  };
}
