import type { Value, Values } from "../state/mod.ts";
import { allConditionsOf, conditionOf } from "./conditions.ts";
import type { Domain, SuspendedGoal } from "./plan.ts";

/** A value that a variable should have. */
export interface Goal {
  readonly url: string;
  readonly value: Value;
}

/** Goals, separated. Both lists are ordered by URL. */
export interface SortedGoals {
  readonly active: readonly Goal[];
  readonly suspended: readonly SuspendedGoal[];
}

/**
 * Separates the goals that can be pursued from those that are suspended.
 *
 * A goal is suspended if its own condition, or one on which that depends at any depth, needs another value of a
 * variable than that variable's own goal: the deeper goal wins. Conditions never form a circle, so the deepest of the
 * goals in the way is itself not suspended, and it is the one that is named.
 *
 * @param domain Gives the conditions.
 * @param goals The goals, in any order.
 */
export function sortGoals(domain: Domain, goals: readonly Goal[]): SortedGoals {
  const ordered = [...goals].sort((a, b) => (a.url < b.url ? -1 : 1));
  const wanted = new Map(ordered.map((goal) => [goal.url, goal]));
  const active: Goal[] = [];
  const suspended: SuspendedGoal[] = [];
  for (const goal of ordered) {
    const because = goal.value === domain.schema.unknownOf(goal.url) ? undefined : inTheWay(domain, wanted, goal);
    if (because === undefined) active.push(goal);
    else suspended.push({ ...goal, because });
  }
  return { active, suspended };
}

function inTheWay(domain: Domain, wanted: ReadonlyMap<string, Goal>, goal: Goal): Goal | undefined {
  const conditions = (url: string) => conditionOf(domain, url);
  let deepest: { readonly goal: Goal; readonly beneath: number } | undefined;
  for (const needed of allConditionsOf(conditions, goal.url)) {
    const other = wanted.get(needed.url);
    if (other === undefined || other.value === needed.value) continue;
    const beneath = allConditionsOf(conditions, other.url).length;
    const isDeeper = deepest === undefined || beneath < deepest.beneath ||
      (beneath === deepest.beneath && other.url < deepest.goal.url);
    if (isDeeper) deepest = { goal: other, beneath };
  }
  return deepest?.goal;
}

/**
 * Collects the cfg values that are goals: those of variables that some mutation of `domain` changes, in the order of
 * `cfg`.
 */
export function goalsOf(domain: Domain, cfg: Values): Goal[] {
  const goals: Goal[] = [];
  for (const [url, value] of cfg) {
    if (domain.isMutable(url)) goals.push({ url, value });
  }
  return goals;
}
