import type { Value } from "../state/mod.ts";
import { allConditionsOf } from "./conditions.ts";
import type { Goal } from "./goals.ts";
import type { GroundFrame, GroundMutation } from "./ground.ts";
import type { Lack, MissingNeed, NoPlan } from "./plan.ts";
import type { Reached } from "./reach.ts";
import type { TaskProblem } from "./task.ts";

/** Tells which values a problem's variables can take, by URL. */
interface Reachable {
  has(url: string, value: Value): boolean;
  hasOther(url: string, values: readonly Value[]): boolean;
}

/** A lack, with the value that would have to be reached first where it is one of that kind. */
interface Missing {
  readonly lack: MissingNeed;
  readonly first?: Goal;
}

/**
 * Explains why a value cannot be reached. It goes back from what a mutation lacks to the mutations that would provide
 * that, until it finds a value that some mutation cannot provide for a reason of its own, and lists what each mutation
 * that leads to that value lacks.
 *
 * @param problem The whole problem.
 * @param reached The values that can be reached. `goal` is not one of them.
 * @param goal The value.
 */
export function explainUnreachable(problem: TaskProblem, reached: ReachedByUrl, goal: Goal): NoPlan {
  const reachable = reachableOf(problem, reached);
  const seen = new Set<string>();
  let at = goal;
  for (;;) {
    seen.add(nameOf(at));
    const all = achieversOf(problem, at).map((mutation): Way => {
      const missing = missingFor(problem, reachable, mutation, at).sort((a, b) => rankOf(a.lack) - rankOf(b.lack));
      return { key: mutation.key, missing, isForOthers: missing.some(({ lack }) => isGiven(lack)) };
    });
    // Mutations for other nodes don't count where there are some for this one.
    const own = all.some(({ isForOthers }) => !isForOthers) ? all.filter(({ isForOthers }) => !isForOthers) : all;
    const hasOwnReason = own.some(({ missing }) => missing.every(({ first }) => first === undefined));
    const next = hasOwnReason ? undefined : own
      .flatMap(({ missing }) => missing.flatMap(({ first }) => first ?? []))
      .find((first) => !seen.has(nameOf(first)) && achieversOf(problem, first).length > 0);
    if (next === undefined) {
      const achievers = [...own].sort((a, b) => hardestOf(a) - hardestOf(b)).map(lackOf);
      const others = all.filter((way) => !own.includes(way)).map((way): Lack => ({ ...lackOf(way), forOthers: true }));
      return { kind: "unreachable", url: at.url, value: at.value, achievers: [...achievers, ...others] };
    }
    at = next;
  }
}

/** A mutation that leads to a value, and its lacks. */
interface Way {
  readonly key: string;
  readonly missing: readonly Missing[];
  readonly isForOthers: boolean;
}

function lackOf({ key, missing }: Way): Lack {
  return { key, lacks: missing.map(({ lack }) => lack) };
}

function isGiven(lack: MissingNeed): boolean {
  return lack.kind === "constant" && lack.given === true;
}

/** Ranks a lack by how easily a person can fix it: first what is reported of the node, then its cfg, then all else. */
function rankOf(lack: MissingNeed): number {
  if (isGiven(lack)) return 1;
  const isReported = lack.kind === "constant" || (lack.kind === "excluded" && lack.is !== undefined);
  return isReported ? 0 : 2;
}

function hardestOf({ missing }: Way): number {
  return missing.reduce((hardest, { lack }) => Math.max(hardest, rankOf(lack)), 0);
}

/** Finds by URL a variable's number, and the values that were reached. */
export type ReachedByUrl = (url: string) => { readonly variable: number; readonly reached: Reached } | undefined;

function reachableOf(problem: TaskProblem, reached: ReachedByUrl): Reachable {
  return {
    has(url, value) {
      const variable = problem.variableOf(url);
      const found = reached(url);
      if (variable === undefined || found === undefined) return problem.fixed(url) === value;
      return found.reached.has(found.variable, problem.valueOf(variable, value));
    },
    hasOther(url, values) {
      const variable = problem.variableOf(url);
      const found = reached(url);
      if (variable === undefined || found === undefined) return !values.some((value) => value === problem.fixed(url));
      const excluded = values.map((value) => problem.valueOf(variable, value));
      return Array.from({ length: problem.task.sizes[variable] ?? 0 }, (_, value) => value)
        .some((value) => !excluded.includes(value) && found.reached.has(found.variable, value));
    },
  };
}

function nameOf({ url, value }: Goal): string {
  return `${url} ${JSON.stringify(value)}`;
}

/** The mutations that lead to a value; to the unknown value also those after which it can't be known. */
function achieversOf(problem: TaskProblem, goal: Goal): GroundMutation[] {
  const broken = isUnknown(problem, goal)
    ? allConditionsOf((url) => problem.frame.conditions.get(url) ?? [], goal.url)
    : [];
  return problem.frame.mutations.filter((mutation) =>
    mutation.changes.some(({ url, from, to }) =>
      (url === goal.url && to === goal.value) ||
      broken.some((needed) => needed.url === url && needed.value === from && needed.value !== to)
    )
  );
}

function isUnknown(problem: TaskProblem, { url, value }: Goal): boolean {
  const variable = problem.variableOf(url);
  return variable !== undefined && problem.valueOf(variable, value) === 0;
}

/** Lists what must hold after a mutation for its effect on `url` to be known, except what it brings about itself. */
function conditionsAfter(frame: GroundFrame, mutation: GroundMutation, url: string): readonly Goal[] {
  return (frame.conditions.get(url) ?? []).filter((needed) =>
    !mutation.changes.some((change) => change.url === needed.url)
  );
}

function missingFor(problem: TaskProblem, reachable: Reachable, mutation: GroundMutation, to: Goal): Missing[] {
  const missing: Missing[] = [];
  const needed = [
    ...mutation.changes.map(({ url, from }) => ({ url, value: from })),
    ...mutation.requires,
    ...(isUnknown(problem, to) ? [] : conditionsAfter(problem.frame, mutation, to.url)),
  ];
  for (const need of needed) {
    if (reachable.has(need.url, need.value)) continue;
    const found = missingNeed(problem, need);
    if (!missing.some(({ lack }) => lack.words === found.lack.words)) missing.push(found);
  }
  for (const { url, values } of mutation.excludes) {
    if (!reachable.hasOther(url, values)) missing.push({ lack: missingOther(problem, url, values) });
  }
  if (!isUnknown(problem, to)) {
    for (const lack of undoneBy(problem.frame, mutation, to)) missing.push({ lack });
  }
  return missing.length > 0 ? missing : [{ lack: neverTogether(needed, mutation.excludes) }];
}

/** Lists all needs of a mutation whose needs can each be met, but never all at once. */
function neverTogether(needed: readonly Goal[], excludes: GroundMutation["excludes"]): MissingNeed {
  const needs = needed.filter(({ url, value }, at) =>
    needed.findIndex((other) => other.url === url && other.value === value) === at
  );
  const all = [
    ...needs.map(({ url, value }) => `${url} ${quote(value)}`),
    ...excludes.map(({ url, values }) => `${url} not ${values.map(quote).join(" or ")}`),
  ];
  return { kind: "together", needs, excludes, words: `what it needs never holds at once: ${all.join(", ")}` };
}

/** Lists the changes of a mutation that undo what its own effect needs to be known. */
function undoneBy(frame: GroundFrame, mutation: GroundMutation, { url }: Goal): MissingNeed[] {
  const needed = allConditionsOf((other) => frame.conditions.get(other) ?? [], url);
  return mutation.changes.flatMap((change) =>
    needed.filter((need) => need.url === change.url && need.value !== change.to).map((need): MissingNeed => ({
      kind: "undone",
      url: change.url,
      needs: need.value,
      becomes: change.to,
      forgets: url,
      words: `${change.url} becomes ${quote(change.to)} with it: must be ${quote(need.value)} for ${url} to be known`,
    }))
  );
}

function missingNeed(problem: TaskProblem, need: Goal): Missing {
  const { url, value: needs } = need;
  if (problem.variableOf(url) !== undefined) {
    const isValue = problem.valueOf(problem.variableOf(url) ?? -1, needs) >= 0;
    const lack: MissingNeed = { kind: "value", url, needs, words: `${url} can't become ${quote(needs)}` };
    return isValue ? { lack, first: need } : { lack };
  }
  const is = problem.fixed(url);
  const words = `${url} is ${is === undefined ? "not set" : quote(is)}: needs ${quote(needs)}`;
  const given = problem.isGiven(url) ? { given: true } as const : {};
  return { lack: { kind: "constant", url, needs, ...(is !== undefined && { is }), ...given, words } };
}

function missingOther(problem: TaskProblem, url: string, excludes: readonly Value[]): MissingNeed {
  const is = problem.fixed(url);
  if (problem.variableOf(url) === undefined && is !== undefined) {
    return { kind: "excluded", url, excludes, is, words: `${url} is ${quote(is)}: must not be` };
  }
  const words = `${url} can't become anything but ${excludes.map(quote).join(" or ")}: must not be`;
  return { kind: "excluded", url, excludes, words };
}

/** Writes `value` for messages: texts in quotes. */
export function quote(value: Value): string {
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
}
