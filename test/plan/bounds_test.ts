import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { constructPlan } from "../../src/plan/construct.ts";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import { problemFor } from "./compiled.ts";
import { type Small, small } from "./machine.ts";

test("the heuristic counts each value that a variable must come to on behalf of others", () => {
  const positions = ["a", "b", "c", "d"] as const;
  const turns = positions.flatMap((from) =>
    positions.map((to): [string, Small] => [`${from}-${to}`, { changes: { "/switch": [from, to] } }])
  );
  const domain = small({
    ...Object.fromEntries(turns.filter(([id]) => id[0] !== id[2])),
    x: { changes: { "/x": ["a", "b"] }, requires: { "/switch": "b" } },
    y: { changes: { "/y": ["a", "b"] }, requires: { "/switch": "c" } },
    z: { changes: { "/z": ["a", "b"] }, requires: { "/switch": "d" } },
  });
  const view = { "/switch": "a", "/x": "a", "/y": "a", "/z": "a" };
  const { task } = problemFor(domain, view, { "/x": "b", "/y": "b", "/z": "b" });
  const each = task.actions[0]?.cost ?? 0;
  assert.ok(each > 0);
  assert.equal(createHeuristic(task, createTransitionGraphs(task))(task.initial), 6 * each);
});

test("constructPlan() gives nothing where a later goal undoes an earlier one", () => {
  const domain = small({
    x: { changes: { "/x": ["a", "b"] } },
    y: { changes: { "/x": ["b", "a"], "/y": ["a", "b"] } },
  });
  const { task } = problemFor(domain, { "/x": "a", "/y": "a" }, { "/x": "b", "/y": "b" });
  assert.equal(constructPlan(task, createTransitionGraphs(task)), undefined);
});

test("a budget gives its last state, and nothing more once that was not enough", () => {
  const budget = new Budget(3, 0);
  assert.deepEqual([budget.takeStates(2), budget.takeStates(1), budget.states], [true, true, 0]);
  assert.equal(budget.takeStates(1), false);
  const other = new Budget(3, 0);
  assert.deepEqual([other.takeStates(4), other.takeStates(1)], [false, false]);
});
