import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { constructPlan } from "../../src/plan/construct.ts";
import { explore } from "../../src/plan/explore.ts";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import { searchStates } from "../../src/plan/search.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import { problemFor, sized } from "./compiled.ts";
import { finish } from "./finish.ts";
import { type Given, type Small, small } from "./machine.ts";

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

test("a budget gives no more memory than it has, and again what was given back", () => {
  const budget = new Budget(0, 100);
  assert.deepEqual([budget.takeBytes(101), budget.takeBytes(60), budget.takeBytes(41), budget.bytes], [
    false,
    true,
    false,
    40,
  ]);
  assert.deepEqual([budget.takeBytes(40), budget.takeBytes(1)], [true, false]);
  budget.giveBytes(60);
  assert.deepEqual([budget.bytes, budget.takeBytes(60), budget.takeBytes(1)], [60, true, false]);
});

test("constructPlan() takes the goals in their order, and before each action what it needs", () => {
  const domain = small({
    x: { changes: { "/x": ["a", "b"] }, requires: { "/z": "b" } },
    y: { changes: { "/y": ["a", "b"], "/w": ["b", "c"] } },
    w: { changes: { "/w": ["a", "b"] } },
    z: { changes: { "/z": ["a", "b"] } },
  });
  const { task } = problemFor(domain, { "/w": "a", "/x": "a", "/y": "a", "/z": "a" }, { "/x": "b", "/y": "b" });
  const keys = constructPlan(task, createTransitionGraphs(task))?.map(({ mutation }) => mutation.key);
  assert.deepEqual(keys, ["m/z", "m/x", "m/w", "m/y"]);
});

test("constructPlan() gives nothing where a variable would have to be in two places, or something excluded holds", () => {
  const circle = small({
    x: { changes: { "/x": ["a", "b"] }, requires: { "/y": "b" } },
    y: { changes: { "/y": ["a", "b"] }, requires: { "/x": "c" } },
    other: { changes: { "/x": ["a", "c"] } },
  });
  const made = (domain: typeof circle, view: Given) => {
    const { task } = problemFor(domain, view, { "/x": "b" });
    return constructPlan(task, createTransitionGraphs(task));
  };
  assert.equal(made(circle, { "/x": "a", "/y": "a" }), undefined);
  const excluded = small({
    x: { changes: { "/x": ["a", "b"] }, excludes: { "/y": "a" } },
    y: { changes: { "/y": ["a", "b"] } },
  });
  assert.equal(made(excluded, { "/x": "a", "/y": "a" }), undefined);
  assert.equal(made(excluded, { "/x": "a", "/y": "b" })?.length, 1);
});

test("constructPlan() makes plans of 20,000 steps at most", () => {
  const LENGTH = 142; // of a counter's digit: two digits count to 142 * 142 = 20,164
  const digit = (value: number) => String(value);
  const values = (count: number) => Array.from({ length: count }, (_, value) => value);
  /** Each step of `/b` needs `/a` at the end, and the next one at the start again. */
  const domain = sized({ "/a": LENGTH, "/b": 400 }, {
    ...Object.fromEntries(
      values(LENGTH - 1).flatMap((at) => [
        [`up${at}`, { changes: { "/a": [digit(at), digit(at + 1)] as const } }],
        [`down${at}`, { changes: { "/a": [digit(at + 1), digit(at)] as const } }],
      ]),
    ),
    ...Object.fromEntries(
      values(399).map((at) => [`b${at}`, {
        changes: { "/b": [digit(at), digit(at + 1)] as const },
        requires: { "/a": digit(at % 2 === 0 ? LENGTH - 1 : 0) },
      }]),
    ),
  });
  const stepsTo = (goal: number) => {
    const { task } = problemFor(domain, { "/a": "0", "/b": "0" }, { "/b": digit(goal) });
    return constructPlan(task, createTransitionGraphs(task))?.length;
  };
  assert.equal(stepsTo(140), 140 * LENGTH);
  assert.equal(stepsTo(141), undefined);
});

test("a search of states gives its bound when it may expand no more, or hold no more", () => {
  const domain = small({
    go: { changes: { "/x": ["a", "b"] } },
    on: { changes: { "/x": ["b", "c"] } },
    end: { changes: { "/x": ["c", "d"] } },
  });
  const { task } = problemFor(domain, { "/x": "a" }, { "/x": "d" });
  const bytes = 9 * task.sizes.length + 250;
  const searched = (budget: Budget) =>
    finish(searchStates(task, createHeuristic(task, createTransitionGraphs(task)), budget));
  assert.deepEqual(searched(new Budget(2, 2 ** 20)), { kind: "bound", bound: "states" });
  assert.equal(searched(new Budget(3, 2 ** 20)).kind, "found");
  assert.deepEqual(searched(new Budget(3, 4 * bytes - 1)), { kind: "bound", bound: "bytes" });
  const budget = new Budget(3, 4 * bytes);
  assert.equal(searched(budget).kind, "found");
  assert.deepEqual([budget.states, budget.bytes], [0, 4 * bytes]);
});

test("explore() gives up where it may expand or hold no more, and otherwise gives back what it held", () => {
  const domain = small({ go: { changes: { "/x": ["a", "b"] } }, on: { changes: { "/x": ["b", "c"] } } });
  const { task } = problemFor(domain, { "/x": "a" }, { "/x": "c" });
  const bytes = 9 * task.sizes.length + 100; // for each state but the first
  assert.equal(finish(explore(task, new Budget(2, 2 ** 20))), undefined);
  assert.equal(finish(explore(task, new Budget(3, 2 * bytes - 1))), undefined);
  const budget = new Budget(3, 2 * bytes);
  const reached = finish(explore(task, budget));
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((value) => reached?.has(0, value)), [false, true, true, true, false, false]);
  assert.deepEqual([budget.states, budget.bytes], [0, 2 * bytes]);
});
