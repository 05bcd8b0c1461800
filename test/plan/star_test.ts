import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { exploreStar } from "../../src/plan/explore.ts";
import { classesOf } from "../../src/plan/leaf.ts";
import { findStar } from "../../src/plan/star.ts";
import type { Task } from "../../src/plan/task.ts";
import { problemFor, sized } from "./compiled.ts";
import { finish } from "./finish.ts";
import type { Small } from "./machine.ts";

/** A task of variables that all are "0" and shall become "1", each but those that are named. */
function taskOf(
  sizes: { readonly [url: string]: number },
  mutations: { readonly [id: string]: Small },
  without: readonly string[],
): Task {
  const urls = Object.keys(sizes);
  const view = Object.fromEntries(urls.map((url) => [url, "0"]));
  const cfg = Object.fromEntries(urls.filter((url) => !without.includes(url)).map((url) => [url, "1"]));
  return problemFor(sized(sizes, mutations), view, cfg).task;
}

const up = ["0", "1"] as const;
const open = { "/h": "1" } as const;

test("findStar() takes the smaller one of two hubs whose stars are of the same size", () => {
  const both = { ...open, "/m": "1" };
  const task = taskOf({ "/h": 2, "/m": 2, "/p1": 2, "/p2": 6, "/q1": 2, "/q2": 2, "/q3": 3 }, {
    h: { changes: { "/h": up } },
    m: { changes: { "/m": up }, requires: open },
    p1: { changes: { "/p1": up }, requires: both },
    p2: { changes: { "/p2": up }, requires: both },
    q1: { changes: { "/q1": up }, requires: open },
    q2: { changes: { "/q2": up }, requires: open },
    q3: { changes: { "/q3": up }, requires: open },
  }, ["/h", "/m"]);
  // 2 * (1 + 24 + 7) states with h as the hub, 4 * (1 + 8 + 7) with h and m.
  assert.deepEqual(findStar(task), { hub: [0], leaves: [[1, 2, 3], [4], [5], [6]] });
});

test("findStar() makes no star of a hub of more than 48 bits", () => {
  const ones = (urls: readonly string[]) => Object.fromEntries(urls.map((url) => [url, "1"]));
  const changes = (urls: readonly string[]) => Object.fromEntries(urls.map((url) => [url, up]));
  const leaves = Array.from({ length: 8 }, (_, number) => `/l${number}`);
  /** The size of the hub that is found where so many variables of 4 values have to do with all others. */
  function starOf(count: number): number | undefined {
    const hub = Array.from({ length: count }, (_, number) => `/h${String(number).padStart(2, "0")}`);
    const [some, others] = [hub.slice(0, 12), hub.slice(12)];
    const sizes = Object.fromEntries([...hub.map((url) => [url, 4]), ...leaves.map((url) => [url, 2])]);
    const task = taskOf(sizes, {
      some: { changes: changes(some), requires: ones(others) },
      others: { changes: changes(others), requires: ones(some) },
      ...Object.fromEntries(leaves.map((url) => [url.slice(1), { changes: changes([url]), requires: ones(hub) }])),
    }, hub);
    return findStar(task)?.hub.length;
  }
  assert.deepEqual([starOf(24), starOf(25)], [24, undefined]);
});

/** A hub of one variable with two leaves, one of which is the same always. */
function twoLeaves(other: Partial<Small> = {}): Task {
  return taskOf({ "/h": 3, "/x": 3, "/y": 3 }, {
    h: { changes: { "/h": up } },
    x: { changes: { "/x": up }, requires: open },
    y: { changes: { "/y": up }, requires: open, ...other },
  }, ["/h"]);
}

const star = { hub: [0], leaves: [[1], [2]] };

test("classesOf() takes leaves for the same only where their actions cost, change, require and exclude the same", () => {
  const count = (other?: Partial<Small>) => classesOf(twoLeaves(other), star).length;
  assert.equal(count(), 1);
  assert.equal(count({ disruption: 5 }), 2);
  assert.equal(count({ changes: { "/y": ["0", "2"] } }), 2);
  assert.equal(count({ changes: { "/y": ["2", "1"] } }), 2);
  assert.equal(count({ requires: { "/h": "0" } }), 2);
  assert.equal(count({ excludes: { "/h": "2" } }), 2);
});

test("classesOf() takes leaves for the same only where the hub's actions change, require and exclude the same of them", () => {
  const count = (mutation: Partial<Small>) =>
    classesOf(
      taskOf({ "/h": 3, "/x": 3, "/y": 3 }, {
        h: { changes: { "/h": up }, ...mutation },
        x: { changes: { "/x": up }, requires: open },
        y: { changes: { "/y": up }, requires: open },
      }, ["/h"]),
      star,
    ).length;
  assert.equal(count({ requires: { "/x": "0", "/y": "0" } }), 1);
  assert.equal(count({ requires: { "/x": "0" } }), 2);
  assert.equal(count({ requires: { "/x": "0", "/y": "1" } }), 2);
  assert.equal(count({ excludes: { "/x": "1", "/y": "1" } }), 1);
  assert.equal(count({ excludes: { "/x": "1" } }), 2);
  assert.equal(count({ excludes: { "/x": "1", "/y": "2" } }), 2);
  assert.equal(count({ changes: { "/h": up, "/x": ["0", "2"], "/y": ["0", "2"] } }), 1);
  assert.equal(count({ changes: { "/h": up, "/x": ["0", "2"] } }), 2);
  assert.equal(count({ changes: { "/h": up, "/x": ["0", "2"], "/y": ["0", "1"] } }), 2);
});

test("classesOf() takes leaves for the same only where they have the same values, goals and ways", () => {
  const count = (sizes: readonly [number, number], without: readonly string[], more: Record<string, Small> = {}) =>
    classesOf(
      taskOf({ "/h": 3, "/x": sizes[0], "/y": sizes[1] }, {
        h: { changes: { "/h": up } },
        x: { changes: { "/x": up }, requires: open },
        y: { changes: { "/y": up }, requires: open },
        ...more,
      }, without),
      star,
    ).length;
  const back = ["1", "0"] as const;
  assert.equal(count([3, 3], ["/h"]), 1);
  assert.equal(count([3, 4], ["/h"]), 2);
  assert.equal(count([3, 3], ["/h"], { back: { changes: { "/x": back } } }), 2);
  assert.equal(count([3, 3], ["/h"], { back: { changes: { "/x": back } }, "back-y": { changes: { "/y": back } } }), 1);
  // Without a goal `/y` matters only where something for `/x` needs it.
  const needed = { other: { changes: { "/h": ["1", "2"] as const }, requires: { "/x": "1", "/y": "1" } } };
  assert.equal(count([3, 3], ["/h"], needed), 1);
  assert.equal(count([3, 3], ["/y"], needed), 2);
});

test("exploreStar() gives up where it may hold no more memory", () => {
  const task = twoLeaves();
  assert.equal(finish(exploreStar(task, star, new Budget(1000, 0))), undefined);
  assert.equal(finish(exploreStar(task, star, new Budget(1000, 1_000_000)))?.has(1, 1), true);
});
