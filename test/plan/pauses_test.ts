// Searches are worked on in parts, between which others have their turn: a pause after each state that is expanded, and
// around what takes long before them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { searchStar } from "../../src/plan/decoupled.ts";
import { explore, exploreStar } from "../../src/plan/explore.ts";
import { createHeuristic } from "../../src/plan/heuristic.ts";
import { search, searchStates } from "../../src/plan/search.ts";
import { findStar } from "../../src/plan/star.ts";
import type { Task } from "../../src/plan/task.ts";
import { createTransitionGraphs } from "../../src/plan/transition_graph.ts";
import { problemFor, sized } from "./compiled.ts";
import { type Small, small } from "./machine.ts";
import { fixedTasks, starAround } from "./tasks.ts";

const STATES = 100_000;
const BYTES = 2 ** 27;
const tasks = fixedTasks();

/** How often some work pauses, how many states it expands, and how many bytes it still holds at the end. */
function effortOf(work: (budget: Budget) => Generator<void, unknown>) {
  const budget = new Budget(STATES, BYTES);
  let pauses = 0;
  for (const working = work(budget); working.next().done !== true;) pauses++;
  return { pauses, states: STATES - budget.states, bytes: BYTES - budget.bytes };
}

test("searchStates() and explore() pause after each state", () => {
  for (const task of tasks) {
    const searching = effortOf((budget) =>
      searchStates(task, createHeuristic(task, createTransitionGraphs(task)), budget)
    );
    assert.equal(searching.pauses, searching.states);
    const exploring = effortOf((budget) => explore(task, budget));
    assert.equal(exploring.pauses, exploring.states);
  }
});

test("searchStar() and exploreStar() pause after each state of the hub, and before the first search", () => {
  for (const task of tasks) {
    const star = starAround(task, (variable) => variable === 0);
    const searching = effortOf((budget) => searchStar(task, star, budget));
    assert.equal(searching.pauses, 1 + searching.states);
    const exploring = effortOf((budget) => exploreStar(task, star, budget));
    assert.equal(exploring.pauses, exploring.states);
  }
});

test("search() pauses before it searches, and not where a plan is constructed that is the cheapest", () => {
  const isSearched = tasks.map((task) => {
    const { pauses, states } = effortOf((budget) => search(task, budget));
    if (pauses > 0) assert.equal(pauses, 1 + states);
    return pauses > 0;
  });
  assert.ok(isSearched.includes(true) && isSearched.includes(false));
});

/** A Gray code's counter, whose last bit may also be set by what needs it to be set: so many variables that never are. */
function counterWith(idle: number): Task {
  const bits = 5;
  const others = Array.from({ length: idle }, (_, at) => `/y${at}`);
  const mutations: Record<string, Small> = {
    alt: { changes: { [`/x${bits - 1}`]: ["a", "b"] }, requires: Object.fromEntries(others.map((url) => [url, "b"])) },
  };
  for (const url of others) {
    mutations[url.slice(1)] = { changes: { [url]: ["a", "b"] }, requires: { [`/x${bits - 1}`]: "b" } };
  }
  for (let bit = 0; bit < bits; bit++) {
    const requires: Record<string, string> = bit === 0 ? {} : { [`/x${bit - 1}`]: "b" };
    for (let lower = 0; lower < bit - 1; lower++) requires[`/x${lower}`] = "a";
    mutations[`up${bit}`] = { changes: { [`/x${bit}`]: ["a", "b"] }, requires };
    mutations[`down${bit}`] = { changes: { [`/x${bit}`]: ["b", "a"] }, requires };
  }
  const urls = [...others, ...Array.from({ length: bits }, (_, bit) => `/x${bit}`)];
  const view = Object.fromEntries(urls.map((url) => [url, "a"]));
  return problemFor(small(mutations), view, { [`/x${bits - 1}`]: "b" }).task;
}

test("search() pauses once more after it has looked for a star, which it does where a first search is too much", () => {
  const [few, many] = [counterWith(15), counterWith(16)];
  assert.deepEqual([few.sizes.length, many.sizes.length], [20, 21]);
  const small = effortOf((budget) => search(few, budget));
  assert.equal(small.pauses, 1 + small.states, "it has been found by the first search");
  const large = effortOf((budget) => search(many, budget));
  assert.equal(large.pauses, (findStar(many) === undefined ? 2 : 3) + large.states);
});

test("search() gives back what its first search held before it searches a star", () => {
  const leaves = Array.from({ length: 10 }, (_, at) => `/l${at}`);
  const steps = leaves.flatMap((url) =>
    ["1", "0", "1"].map((needed, at) =>
      [`${url.slice(1)}-${at}`, {
        changes: { [url]: [`${at}`, `${at + 1}`] as const },
        requires: { "/h": needed },
      }] as const
    )
  );
  const domain = sized({ "/h": 2, ...Object.fromEntries(leaves.map((url) => [url, 4])) }, {
    up: { changes: { "/h": ["0", "1"] } },
    down: { changes: { "/h": ["1", "0"] } },
    ...Object.fromEntries(steps),
  });
  const all = (value: string) => Object.fromEntries(leaves.map((url) => [url, value]));
  const { task } = problemFor(domain, { "/h": "0", ...all("0") }, all("3"));
  assert.deepEqual(findStar(task)?.hub.length, 1);
  const { pauses, states, bytes } = effortOf((budget) => search(task, budget));
  // One pause fewer than with the star alone: the last state of the first search is followed by the look for a star.
  assert.equal(pauses, 2 + states, "it has begun to search state by state, and then the star");
  assert.equal(bytes, 0);
});
