import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDomain, createPlanner, type Domain } from "../../src/plan/mod.ts";
import { Budget, type SearchResult } from "../../src/plan/budget.ts";
import { searchStar } from "../../src/plan/decoupled.ts";
import { applyTo, isApplicable } from "../../src/plan/effects.ts";
import { exploreStar } from "../../src/plan/explore.ts";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import { searchStates } from "../../src/plan/search.ts";
import { findStar } from "../../src/plan/star.ts";
import type { Task } from "../../src/plan/task.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import type { Value } from "../../src/state/mod.ts";
import { createCoverage, fc } from "../support/property.ts";
import { finish } from "./finish.ts";
import { holds, Oracle } from "./oracle.ts";
import { problems } from "./random_domain.ts";
import { stars } from "./random_star.ts";
import { starAround, taskOf } from "./tasks.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 300);
const budget = () => new Budget(20_000, 2 ** 27);

function searchAll(task: Task): SearchResult {
  return finish(searchStates(task, createHeuristic(task, createTransitionGraphs(task)), budget()));
}

/** The sum of what the actions cost, after checking that they run one after the other and reach the goals. */
function costOf(task: Task, result: SearchResult): number | undefined {
  assert.notEqual(result.kind, "bound");
  if (result.kind !== "found") return undefined;
  const state = [...task.initial];
  for (const action of result.actions) {
    assert.ok(isApplicable(action, state), `${action.mutation.key} can't run in its place`);
    applyTo(task, action, state);
  }
  assert.ok(task.goals.every(({ variable, value }) => state[variable] === value), "The goals are not reached");
  assert.equal(result.actions.reduce((sum, { cost }) => sum + cost, 0), result.cost);
  return result.cost;
}

test("a star has the least cost, or no plan, whichever variables are its hub", () => {
  const covered = createCoverage("stars of any hub", [
    "found",
    "exhausted",
    "several leaves",
    "leaves that are forgotten",
    "leaves that the hub's actions name",
  ], 0.05);
  fc.assert(
    fc.property(problems, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (problem, choice) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const star = starAround(task, (variable) => choice[variable] === true);
      const result = finish(searchStar(task, star, budget()));
      assert.equal(costOf(task, result), costOf(task, searchAll(task)));
      if (result.kind === "bound") return;
      const isLeaf = (variable: number) => !star.hub.includes(variable);
      const isForgotten = task.conditions.some((facts, variable) => isLeaf(variable) && facts.length > 0);
      const isNamed = task.actions.filter(({ changes }) => changes.some(({ variable }) => !isLeaf(variable)))
        .some(({ requires, changes }) => [...requires, ...changes].some(({ variable }) => isLeaf(variable)));
      covered.saw(
        result.kind,
        ...(star.leaves.length > 1 ? ["several leaves"] as const : []),
        ...(isForgotten ? ["leaves that are forgotten"] as const : []),
        ...(isNamed ? ["leaves that the hub's actions name"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("what can be reached of a star is what can be reached of its states", () => {
  const covered = createCoverage("what is reached of stars", ["leaves", "no hub"], 0.05);
  fc.assert(
    fc.property(problems, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (problem, choice) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const star = starAround(task, (variable) => choice[variable] === true);
      const found = finish(exploreStar(task, star, budget()));
      const all = finish(exploreStar(task, { hub: [...task.sizes.keys()], leaves: [] }, budget()));
      for (const [variable, size] of task.sizes.entries()) {
        for (let value = 0; value < size; value++) {
          assert.equal(found?.has(variable, value), all?.has(variable, value), `${task.urls[variable]} ${value}`);
        }
      }
      covered.saw(
        ...(star.leaves.length > 0 ? ["leaves"] as const : []),
        ...(star.hub.length === 0 ? ["no hub"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("plan() of a hub with leaves is as good as the best of all worlds, and runs", () => {
  const covered = createCoverage("hubs with leaves", ["found", "none", "a star", "the hub turns", "six steps"], 0.03);
  fc.assert(
    fc.property(stars, (problem) => {
      const domain: Domain = compileDomain(problem.modules);
      const oracle = new Oracle(domain, problem.view);
      const goals = [...problem.cfg].map(([url, value]: [string, Value]) => ({ url, value }))
        .filter(({ url }) => domain.isMutable(url));
      const active = goals.filter((goal) => !oracle.givesWay(goal, goals));
      const plan = createPlanner(domain).plan(problem);
      const best = oracle.worlds().find(({ world }) => holds(world, active));
      assert.equal(plan.ok, best !== undefined);
      if (!plan.ok) return covered.saw("none");
      assert.equal(plan.cost, best?.disruption);
      assert.equal(plan.steps.reduce((sum, { duration }) => sum + duration, 0), best?.duration);
      assert.ok(holds(oracle.follow(plan.steps), active));
      const task = taskOf(problem);
      covered.saw(
        "found",
        ...(task !== undefined && findStar(task) !== undefined ? ["a star"] as const : []),
        ...(plan.steps.some(({ changes }) => "/hub" in changes) ? ["the hub turns"] as const : []),
        ...(plan.steps.length > 5 ? ["six steps"] as const : []),
      );
    }),
    { numRuns: Math.ceil(runs / 3) },
  );
  covered.check();
});
