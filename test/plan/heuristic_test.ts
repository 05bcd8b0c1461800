import assert from "node:assert/strict";
import { test } from "node:test";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import type { Fact, Task } from "../../src/plan/task.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import { createCoverage, fc } from "../support/property.ts";
import { problems } from "./random_domain.ts";
import { costsToGoals, fixedTasks, hold, spaceOf, taskOf } from "./tasks.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 200);

function factOf(task: Task, seed: number): Fact {
  const variable = seed % Math.max(1, task.sizes.length);
  return { variable, value: Math.floor(seed / 8) % (task.sizes[variable] ?? 1) };
}

test("the heuristic never says more than the cheapest way to the goals costs", () => {
  const covered = createCoverage("heuristic", ["exact", "too low", "no way", "two goals", "conditions"], 0.075);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const heuristic = createHeuristic(task, createTransitionGraphs(task));
      const space = spaceOf(task);
      const costs = costsToGoals(task, space);
      for (const [number, state] of space.states.entries()) {
        const cost = costs[number] ?? Infinity;
        assert.ok(heuristic(state) <= cost, `${state.join()}: ${heuristic(state)} is more than ${cost}`);
        if (hold(state, task.goals)) assert.equal(heuristic(state), 0);
      }
      const [cost = Infinity] = costs;
      covered.saw(
        cost === Infinity ? "no way" : heuristic(task.initial) === cost ? "exact" : "too low",
        ...(task.goals.length > 1 ? ["two goals"] as const : []),
        ...(task.conditions.some((facts) => facts.length > 0) ? ["conditions"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("the heuristic never says more than a way costs on which another fact holds too", () => {
  const covered = createCoverage("heuristic with a fact", ["holds now", "dearer", "no way"], 0.075);
  fc.assert(
    fc.property(problems, fc.nat(), (problem, seed) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined && task.sizes.length > 0);
      const fact = factOf(task, seed);
      const heuristic = createHeuristic(task, createTransitionGraphs(task));
      const space = spaceOf(task);
      const costs = costsToGoals(task, space, fact);
      for (const [number, state] of space.states.entries()) {
        const cost = costs[number] ?? Infinity;
        const said = heuristic(state, [fact]);
        assert.ok(said <= cost, `${state.join()}: ${said} is more than ${cost}`);
      }
      const [cost = Infinity] = costs;
      covered.saw(
        cost === Infinity ? "no way" : "dearer",
        ...(task.initial[fact.variable] === fact.value ? ["holds now"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("the heuristic says as much as it did when this was written", () => {
  let [said, without, exact] = [0, 0, 0];
  for (const [number, task] of fixedTasks().entries()) {
    const heuristic = createHeuristic(task, createTransitionGraphs(task));
    const space = spaceOf(task);
    const costs = costsToGoals(task, space);
    const dearest = Math.max(1, ...task.actions.map(({ cost }) => cost));
    for (const [place, state] of space.states.entries()) {
      const one = heuristic(state);
      const other = heuristic(state, [factOf(task, number * 7 + place)]);
      if (one === costs[place]) exact++;
      for (const each of [one, other]) {
        if (each === Infinity) without++;
        else said += each / dearest;
      }
    }
  }
  assert.ok(said >= 8772.776, `${said} times the dearest action`);
  assert.ok(without >= 1502, `${without} times no way`);
  assert.ok(exact >= 1548, `${exact} times what the cheapest way costs`);
});
