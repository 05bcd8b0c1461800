// What the planner makes of the leaves of a star, compared with the tasks that they are parts of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { classesOf, type LeafClass, type LeafMember, offsetsOfClasses, settled } from "../../src/plan/leaf.ts";
import { boundOfLeaf } from "../../src/plan/leaf_bound.ts";
import type { Star } from "../../src/plan/star.ts";
import type { Action, Fact, Task } from "../../src/plan/task.ts";
import { createCoverage, fc } from "../support/property.ts";
import { problems } from "./random_domain.ts";
import { costsTo, fixedTasks, starAround, taskOf } from "./tasks.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 100);

/** A star of a task, and what the planner makes of its leaves. */
interface Given {
  readonly task: Task;
  readonly star: Star;
  readonly classes: readonly LeafClass[];
}

function givenBy(task: Task, isHub: (variable: number) => boolean): Given {
  const star = starAround(task, isHub);
  return { task, star, classes: classesOf(task, star) };
}

/** Stars with leaves that are alike, among others: each has its first variable as the hub. */
const known = fixedTasks().map((task) => givenBy(task, (variable) => variable === 0));

function check(name: string, property: (given: Given) => void): void {
  for (const given of known) property(given);
  const covered = createCoverage(name, ["several leaves", "leaves of two variables", "a hub"], 0.15);
  fc.assert(
    fc.property(problems, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (problem, choice) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const given = givenBy(task, (variable) => choice[variable] === true);
      property(given);
      const { hub, leaves } = given.star;
      covered.saw(
        ...(leaves.length > 1 ? ["several leaves"] as const : []),
        ...(leaves.some(({ length }) => length > 1) ? ["leaves of two variables"] as const : []),
        ...(hub.length > 0 ? ["a hub"] as const : []),
      );
    }),
    { numRuns: runs },
  );
  covered.check();
}

test("the stars that are always tried have leaves that are alike", () => {
  assert.ok(known.filter(({ star, classes }) => classes.length < star.leaves.length).length > 9);
});

function isSame(a: Fact, b: Fact): boolean {
  return a.variable === b.variable && a.value === b.value;
}

/** Facts about some variables, by their places among these. */
function placed(facts: readonly Fact[], variables: readonly number[]): Fact[] {
  return facts.map(({ variable, value }) => ({ variable: variables.indexOf(variable), value }))
    .filter(({ variable }) => variable >= 0);
}

/** The number of the state that a leaf has after an action; undefined where that can't run in it. */
function after(leaf: LeafClass, variables: readonly number[], action: Action, from: number): number | undefined {
  const now = leaf.values[from] ?? [];
  const own = { requires: placed(action.requires, variables), excludes: placed(action.excludes, variables) };
  const changes = action.changes.filter(({ variable }) => variables.includes(variable));
  const runs = own.requires.every(({ variable, value }) => now[variable] === value) &&
    own.excludes.every(({ variable, value }) => now[variable] !== value) &&
    changes.every(({ variable, from }) => now[variables.indexOf(variable)] === from);
  if (!runs) return undefined;
  const next = variables.map((variable, at) => changes.find((each) => each.variable === variable)?.to ?? now[at]);
  return leaf.values.findIndex((values) => values.join() === next.join());
}

function isMovedBy({ changes }: Action, variables: readonly number[]): boolean {
  return changes.some(({ variable }) => variables.includes(variable));
}

test("classesOf() has each leaf once, with the states that its variables can have together", () => {
  check("leaves", ({ task, star, classes }) => {
    const members = classes.flatMap(({ members }) => members);
    assert.deepEqual(members.map(({ leaf }) => leaf).sort((a, b) => a - b), [...star.leaves.keys()]);
    assert.deepEqual(
      classes.map(({ members }) => members[0]?.leaf),
      classes.map(({ members }) => members[0]?.leaf).sort(),
    );
    for (const { leaf, variables } of members) assert.deepEqual(variables, star.leaves[leaf]);
    for (const { members, sizes, states, values, initial, isGoal } of classes) {
      for (const { variables } of members) {
        assert.deepEqual(sizes, variables.map((variable) => task.sizes[variable]));
        assert.deepEqual(values[initial], variables.map((variable) => task.initial[variable]));
        const goals = placed(task.goals, variables);
        assert.deepEqual(
          [...isGoal],
          values.map((now) => Number(goals.every(({ variable, value }) => now[variable] === value))),
        );
      }
      assert.equal(states, sizes.reduce((product, size) => product * size, 1));
      assert.equal(new Set(values.map((now) => now.join())).size, states);
      assert.ok(values.every((now) => now.every((value, at) => value >= 0 && value < (sizes[at] ?? 0))));
    }
    const ends = offsetsOfClasses(classes);
    assert.deepEqual([...ends.keys()].map((at) => classes.slice(0, at).reduce((sum, { states }) => sum + states, 0)), [
      ...ends,
    ]);
  });
});

test("classesOf() moves a leaf by just the actions that change it and not the hub", () => {
  check("moves of leaves", ({ task, star, classes }) => {
    for (const leaf of classes) {
      for (const { variables, actions } of leaf.members) {
        const own = task.actions.filter((action) => isMovedBy(action, variables) && !isMovedBy(action, star.hub));
        assert.deepEqual(actions, own);
        const expected = own.flatMap((action, place) =>
          [...leaf.values.keys()].flatMap((from) => {
            const to = after(leaf, variables, action, from);
            const needs = { requires: placed(action.requires, star.hub), excludes: placed(action.excludes, star.hub) };
            return to === undefined || to === from ? [] : [{ from, to, cost: action.cost, action: place, ...needs }];
          })
        );
        assert.deepEqual(leaf.moves, expected);
      }
    }
  });
});

test("classesOf() has what each action of the hub that names a leaf does to it", () => {
  check("effects on leaves", ({ task, star, classes }) => {
    for (const leaf of classes) {
      for (const { variables } of leaf.members) {
        const names = ({ changes, requires, excludes }: Action) =>
          [...changes, ...requires, ...excludes].some(({ variable }) => variables.includes(variable));
        const expected = task.actions.flatMap((action, place) =>
          isMovedBy(action, star.hub) && names(action)
            ? [{
              action: place,
              next: [...leaf.values.keys()].map((from) => after(leaf, variables, action, from) ?? -1),
            }]
            : []
        );
        assert.deepEqual(leaf.effects.map(({ action, next }) => ({ action, next: [...next] })), expected);
      }
    }
  });
});

test("settled() forgets what can't be known in a leaf, at any depth", () => {
  check("settled leaves", ({ task, star, classes }) => {
    for (const leaf of classes) {
      const variables: readonly number[] = leaf.members[0]?.variables ?? [];
      const conditions = variables.map((variable) => task.conditions[variable] ?? []);
      assert.deepEqual(
        leaf.conditions,
        conditions.map((facts) => ({ hub: placed(facts, star.hub), own: placed(facts, variables) })),
      );
      const hub = star.hub.map((variable) => task.initial[variable] ?? 0);
      const becomes = settled(leaf, ({ variable, value }) => hub[variable] === value);
      for (const [state, values] of leaf.values.entries()) {
        const now = [...values];
        for (let again = true; again;) {
          const lost = conditions.findIndex((facts, at) =>
            now[at] !== 0 &&
            facts.some(({ variable, value }) =>
              (star.hub.includes(variable) ? task.initial[variable] : now[variables.indexOf(variable)]) !== value
            )
          );
          again = lost >= 0;
          if (again) now[lost] = 0;
        }
        assert.deepEqual(leaf.values[becomes[state] ?? -1], now);
      }
    }
  });
});

/** Everything that a leaf can do, whatever the hub does: what that brings about is free, and so is being forgotten. */
function waysOf(leaf: LeafClass, allowed: (requires: readonly Fact[]) => boolean) {
  const forgetting = leaf.values.flatMap((now, from) =>
    leaf.conditions.flatMap(({ hub, own }, at) => {
      const next = now.map((value, place) => (place === at ? 0 : value));
      const to = leaf.values.findIndex((values) => values.join() === next.join());
      return hub.length + own.length > 0 && to !== from ? [{ from, to, cost: 0 }] : [];
    })
  );
  const pushed = leaf.effects.flatMap(({ next }) => [...next].map((to, from) => ({ from, to, cost: 0 })))
    .filter(({ to }) => to >= 0);
  return [...leaf.moves.filter(({ requires }) => allowed(requires)), ...pushed, ...forgetting];
}

test("a leaf's bound is the least that it pays on any way to its goals, and what no way does without", () => {
  check("bounds of leaves", ({ classes }) => {
    for (const leaf of classes.filter(({ states }) => states <= 20)) {
      const bound = boundOfLeaf(leaf);
      const isGoal = (state: number) => leaf.isGoal[state] === 1;
      const costs = costsTo(leaf.states, waysOf(leaf, () => true), isGoal);
      const facts = leaf.moves.flatMap(({ requires }) => requires).filter((fact, at, all) =>
        at === all.findIndex((other) => isSame(fact, other))
      );
      const without = facts.map((fact) =>
        costsTo(leaf.states, waysOf(leaf, (requires) => !requires.some((other) => isSame(fact, other))), isGoal)
      );
      /** Prices of which only one state, or only the first half, can be had; with two others before them. */
      const some = [
        ...leaf.values.map((_now, at) => (state: number) => (state === at ? 5 : Infinity)),
        (state: number) => (state < leaf.states / 2 ? 2 * state : Infinity),
      ];
      for (const priceOf of some) {
        const prices = Float64Array.from([7, 7, ...leaf.values.keys()].map((state, at) => at < 2 ? 7 : priceOf(state)));
        const sums = costs.map((cost, state) => cost + priceOf(state));
        assert.equal(bound.least(prices, 2), Math.min(Infinity, ...sums));
        const needed = facts.filter((_fact, at) =>
          costs.some((cost, state) => cost !== Infinity && without[at]?.[state] === Infinity) &&
          sums.every((sum, state) => sum === Infinity || without[at]?.[state] === Infinity)
        );
        assert.deepEqual(bound.needs(prices, 2), needed);
      }
      const ends = leaf.conditions.flatMap(({ hub }, at) =>
        leaf.values.some((now, state) => isGoal(state) && now[at] === 0) ? [] : hub
      );
      assert.deepEqual(bound.ends, ends);
    }
  });
});

test("leaves of one class are the same in all but their names: each action of one has its like in the others", () => {
  check("alike leaves", ({ task, star, classes }) => {
    const like = (facts: readonly Fact[], { variables }: LeafMember) =>
      facts.map(({ variable, value }) => ({
        variable: variables.includes(variable) ? `own ${variables.indexOf(variable)}` : variable,
        value,
      }));
    for (const { members } of classes) {
      const said = members.map((member) => ({
        conditions: member.variables.map((variable) => like(task.conditions[variable] ?? [], member)),
        actions: member.actions.map(({ cost, changes, requires, excludes }) => ({
          cost,
          changes: changes.map(({ variable, from, to }) => ({ at: member.variables.indexOf(variable), from, to })),
          requires: like(requires, member),
          excludes: like(excludes, member),
        })),
        hub: task.actions.filter((action) => isMovedBy(action, star.hub)).map(({ changes, requires, excludes }) => ({
          changes: changes.filter(({ variable }) => member.variables.includes(variable))
            .map(({ variable, from, to }) => ({ at: member.variables.indexOf(variable), from, to })),
          requires: placed(requires, member.variables),
          excludes: placed(excludes, member.variables),
        })),
      }));
      for (const each of said) assert.deepEqual(each, said[0]);
    }
  });
});
