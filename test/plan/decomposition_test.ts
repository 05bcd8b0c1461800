import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { compileDomain, createPlanner, type Domain } from "../../src/plan/mod.ts";
import { Budget } from "../../src/plan/budget.ts";
import { goalsOf, sortGoals } from "../../src/plan/goals.ts";
import { createGrounder } from "../../src/plan/ground.ts";
import { partition } from "../../src/plan/partition.ts";
import { relaxedReach } from "../../src/plan/reach.ts";
import { search } from "../../src/plan/search.ts";
import { compileProblem, type Task, type TaskProblem as Compiled } from "../../src/plan/task.ts";
import { keysOf, planFor, small } from "./machine.ts";
import { finish } from "./finish.ts";
import { type Problem, problems } from "./random_domain.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 300);
const MAX_EXPANSIONS = 20_000;

function compile(problem: Problem): { readonly domain: Domain; readonly compiled: Compiled } | undefined {
  try {
    const domain = compileDomain(problem.modules);
    const { active } = sortGoals(domain, goalsOf(domain, problem.cfg));
    const frame = createGrounder(domain).ground(active.map(({ url }) => url), []);
    return { domain, compiled: compileProblem(domain, frame, problem.view, active, MAX_EXPANSIONS) };
  } catch (error) {
    if (error instanceof TypeError) return undefined; // its conditions lead back to themselves
    throw error;
  }
}

function costOf(task: Task): number | undefined {
  const result = finish(search(task, new Budget(MAX_EXPANSIONS, 2 ** 27)));
  assert.notEqual(result.kind, "bound");
  return result.kind === "found" ? result.cost : undefined;
}

test("groups of variables that are solved apart cost together what the whole costs", () => {
  const covered = createCoverage("groups", ["one group", "several groups", "a plan", "no plan"]);
  fc.assert(
    fc.property(problems, (problem) => {
      const { compiled } = compile(problem) ?? {};
      if (compiled === undefined) return;
      const { task } = compiled;
      const reached = relaxedReach(task);
      if (!task.goals.every(({ variable, value }) => reached.has(variable, value))) return;
      const groups = partition(task, reached);
      const costs = groups.map(costOf);
      const sum = costs.includes(undefined) ? undefined : costs.reduce<number>((all, cost) => all + (cost ?? 0), 0);
      assert.equal(sum, costOf(task));
      covered.saw(groups.length > 1 ? "several groups" : "one group", sum === undefined ? "no plan" : "a plan");
    }),
    { numRuns: 2 * runs },
  );
  covered.check();
});

test("a plan that is put together without search costs what the search finds", () => {
  const covered = createCoverage("construction", ["several goals", "three steps"], 0.05);
  fc.assert(
    fc.property(problems, (problem) => {
      const { domain, compiled } = compile(problem) ?? {};
      if (domain === undefined || compiled === undefined) return;
      const plan = createPlanner(domain, { maxExpansions: MAX_EXPANSIONS }).plan(problem);
      if (!plan.ok) return;
      // Without its first goal first, construction takes another way: the cost must be the same.
      const { task } = compiled;
      const turned = { ...task, goals: [...task.goals].reverse(), actions: [...task.actions].reverse() };
      assert.equal(costOf(turned), costOf(task));
      covered.saw(
        ...(task.goals.length > 1 ? ["several goals"] as const : []),
        ...(plan.steps.length > 2 ? ["three steps"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("unknown is a value: it can be a goal, be required and be excluded", () => {
  const domain = small({
    find: { changes: { "/x": ["?", "a"] } },
    lose: { changes: { "/x": ["a", "?"] } },
    only: { changes: { "/y": ["a", "b"] }, requires: { "/x": "?" } },
    never: { changes: { "/y": ["b", "c"] }, excludes: { "/x": "?" } },
  });
  assert.deepEqual(keysOf(planFor({ "/x": "a" }, { "/x": "?" }, domain)), ["m/lose"]);
  assert.deepEqual(keysOf(planFor({ "/x": "a", "/y": "a" }, { "/y": "b" }, domain)), ["m/lose", "m/only"]);
  assert.deepEqual(keysOf(planFor({ "/y": "b" }, { "/y": "c" }, domain)), ["m/find", "m/never"]);
  assert.deepEqual(keysOf(planFor({ "/x": "a", "/y": "a" }, { "/x": "?", "/y": "c" }, domain)), [
    "m/lose",
    "m/only",
    "m/find",
    "m/never",
    "m/lose",
  ]);
});

test("what an effect forgets is forgotten at any depth, also by the mutation that has just made it known", () => {
  const domain = small({
    off: { changes: { "/w": ["a", "b"] } },
    wrong: { changes: { "/w": ["a", "c"], "/x": ["a", "b"] } },
    on: { changes: { "/w": ["b", "a"] } },
    x: { changes: { "/x": ["?", "a"] } },
    y: { changes: { "/y": ["?", "a"] } },
  }, { "/x": { "/w": "a" }, "/y": { "/x": "a" } });
  const view = { "/w": "a", "/x": "a", "/y": "a" };
  assert.deepEqual(keysOf(planFor(view, { "/w": "b", "/y": "?" }, domain)), ["m/off"]);
  assert.deepEqual(keysOf(planFor(view, { "/w": "c", "/x": "?" }, domain)), ["m/wrong"]);
  assert.deepEqual(keysOf(planFor({ "/w": "b" }, { "/w": "a", "/y": "a" }, domain)), ["m/on", "m/x", "m/y"]);
});
