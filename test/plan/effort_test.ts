// What searches find is tested elsewhere: here that they need no more for it than they did.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { constructPlan } from "../../src/plan/construct.ts";
import { searchStar } from "../../src/plan/decoupled.ts";
import { explore, exploreStar } from "../../src/plan/explore.ts";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import { createHubWalk } from "../../src/plan/hub.ts";
import { partition } from "../../src/plan/partition.ts";
import { relaxedReach } from "../../src/plan/reach.ts";
import { search, searchStates } from "../../src/plan/search.ts";
import { findStar } from "../../src/plan/star.ts";
import type { Task } from "../../src/plan/task.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import { finish } from "./finish.ts";
import { fixedTasks, starAround } from "./tasks.ts";

const BYTES = 2 ** 27;
const tasks = fixedTasks();

/** A budget that remembers the most that was held at once. */
class Measured extends Budget {
  most = 0;

  constructor() {
    super(20_000, BYTES);
  }

  override takeBytes(bytes: number): boolean {
    const isLeft = super.takeBytes(bytes);
    this.most = Math.max(this.most, BYTES - this.bytes);
    return isLeft;
  }
}

type Work = (task: Task, budget: Budget, number: number) => Generator<void, unknown>;

/** The states that were expanded for all fixed problems, and the bytes that were held at most, summed up. */
function effortOf(work: Work): { readonly states: number; readonly bytes: number } {
  let [states, bytes] = [0, 0];
  for (const [number, task] of tasks.entries()) {
    const budget = new Measured();
    finish(work(task, budget, number));
    assert.equal(budget.bytes, BYTES, "What was held is given back");
    states += 20_000 - budget.states;
    bytes += budget.most;
  }
  return { states, bytes };
}

function heuristicOf(task: Task) {
  return createHeuristic(task, createTransitionGraphs(task));
}

/** A star around some of the variables, others for each problem. */
function someStar(task: Task, number: number) {
  return starAround(task, (variable) => (variable + number) % 3 === 0);
}

test("searches expand no more states and hold no more bytes than they did", () => {
  const known = [
    ["states", (task, budget) => searchStates(task, heuristicOf(task), budget), 489, 319_522],
    ["star", (task, budget, number) => searchStar(task, someStar(task, number), budget), 252, 150_920],
    ["search", search, 489, 254_753],
    ["all of a star", (task, budget, number) => exploreStar(task, someStar(task, number), budget), 420, 189_840],
    ["all", explore, 943, 141_406],
  ] satisfies [string, Work, number, number][];
  for (const [name, work, states, bytes] of known) {
    const now = effortOf(work);
    assert.ok(now.states <= states && now.bytes <= bytes, `${name}: ${now.states} states, ${now.bytes} bytes`);
  }
});

/** The parts that the fixed tasks fall into. */
const parts = tasks.flatMap((task) => {
  const reached = relaxedReach(task);
  return task.goals.every(({ variable, value }) => reached.has(variable, value)) ? partition(task, reached) : [];
});

test("constructPlan() finds as many plans as it did, and none that is longer", () => {
  const plans = parts.flatMap((task) => {
    const plan = constructPlan(task, createTransitionGraphs(task));
    return plan === undefined ? [] : [plan];
  });
  assert.deepEqual([plans.length, plans.reduce((sum, plan) => sum + plan.length, 0)], [37, 104]);
});

test("findStar() sees as many stars as it did", () => {
  assert.equal(parts.filter((task) => findStar(task) !== undefined).length, 12);
});

test("what is left to pay on a way of the hub is estimated as high as it was", () => {
  let [sum, without] = [0, 0];
  for (const [number, task] of parts.entries()) {
    const walk = createHubWalk(task, someStar(task, number), false);
    const dearest = Math.max(1, ...task.actions.map(({ cost }) => cost));
    for (const node of [walk.start, ...walk.after(walk.start)]) {
      const estimate = walk.estimate(node);
      if (estimate === Infinity) without++;
      else sum += estimate / dearest;
    }
  }
  assert.ok(sum >= 423.624, `${sum} times the dearest action`);
  assert.ok(without >= 11, `${without} times no way`);
});
