// The parts of the planner, each compared with what its description says, worked out as plainly as can be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../src/plan/budget.ts";
import { applyEffects, forgottenBy, isApplicable } from "../../src/plan/effects.ts";
import { Heap } from "../../src/plan/heap.ts";
import { partialOrder } from "../../src/plan/order.ts";
import { partition } from "../../src/plan/partition.ts";
import { canHaveNeeds, canKeep, createReached, type Reached, relaxedReach } from "../../src/plan/reach.ts";
import { createApplicable, search } from "../../src/plan/search.ts";
import type { Action, Fact, Task } from "../../src/plan/task.ts";
import { createCoverage, fc } from "../support/property.ts";
import { finish } from "./finish.ts";
import { problems } from "./random_domain.ts";
import { problemFor, sized } from "./compiled.ts";
import { spaceOf, taskOf } from "./tasks.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 300);

/** The values of each variable, by the rules of the delete relaxation, tried again and again. */
function plainReach(task: Task): Set<number>[] {
  const reached = task.initial.map((value) => new Set([value]));
  const has = ({ variable, value }: Fact) => reached[variable]?.has(value) === true;
  const hasOther = ({ variable, value }: Fact) => [...reached[variable] ?? []].some((each) => each !== value);
  const isKept = (changes: Action["changes"], variable: number): boolean =>
    (task.conditions[variable] ?? []).every((fact) => {
      const change = changes.find((change) => change.variable === fact.variable);
      if (change === undefined) return has(fact);
      return fact.variable !== variable && change.to === fact.value && isKept(changes, fact.variable);
    });
  const sizes = () => reached.reduce((sum, { size }) => sum + size, 0);
  for (let before = -1; before !== sizes();) {
    before = sizes();
    for (const action of task.actions) {
      const { changes, requires, excludes } = action;
      const isHad = changes.every(({ variable, from }) => has({ variable, value: from })) && requires.every(has) &&
        excludes.every(hasOther);
      if (!isHad) continue;
      for (const { variable, to } of changes) {
        if (to === 0 || isKept(changes, variable)) reached[variable]?.add(to);
      }
    }
    for (const [variable, facts] of task.conditions.entries()) if (facts.some(hasOther)) reached[variable]?.add(0);
  }
  return reached;
}

test("the delete relaxation reaches what its rules reach, and all that there is a way to", () => {
  const covered = createCoverage("delete relaxation", ["all", "not all", "more than really"], 0.05);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const reached = relaxedReach(task);
      const expected = plainReach(task);
      const { states } = spaceOf(task);
      let [isAll, isMore] = [true, false];
      for (const [variable, size] of task.sizes.entries()) {
        assert.deepEqual([reached.has(variable, -1), reached.has(variable, size)], [false, false]);
        for (let value = 0; value < size; value++) {
          const has = expected[variable]?.has(value) === true;
          assert.equal(reached.has(variable, value), has, `${task.urls[variable]} ${value}`);
          assert.equal(reached.hasOther(variable, value), (expected[variable]?.size ?? 0) > Number(has));
          const isReal = states.some((state) => state[variable] === value);
          assert.ok(has || !isReal, `${task.urls[variable]} ${value} is reached`);
          isAll &&= has;
          isMore ||= has && !isReal;
        }
      }
      covered.saw(isAll ? "all" : "not all", ...(isMore ? ["more than really"] as const : []));
    }),
    { numRuns: runs },
  );
  covered.check();
});

/** The variables that an action has to do with, as far as they vary. */
function touchedBy(task: Task, { changes, requires, excludes }: Action, varies: readonly boolean[]): number[] {
  const conditions = changes.flatMap(({ variable }) => task.conditions[variable] ?? []);
  return [...changes, ...requires, ...excludes, ...conditions].map(({ variable }) => variable).filter((each) =>
    varies[each]
  );
}

/** What a group needs besides some of its variables, directly. */
function neededBy(task: Task, actions: readonly Action[], varies: readonly boolean[], variable: number): number[] {
  return [
    ...(task.conditions[variable] ?? []).map((fact) => fact.variable).filter((each) => varies[each]),
    ...actions.filter(({ changes }) => changes.some((change) => change.variable === variable))
      .flatMap((action) => touchedBy(task, action, varies)),
  ];
}

test("partition() makes the smallest groups that have nothing to do with each other, of all that goals can depend on", () => {
  const covered = createCoverage("partition", ["one group", "several groups", "all variables", "not all"], 0.05);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const reached: Reached = relaxedReach(task);
      fc.pre(task.goals.every(({ variable, value }) => reached.has(variable, value)));
      const varies = task.initial.map((value, variable) => reached.hasOther(variable, value));
      const actions = task.actions.filter((action) => canHaveNeeds(action, reached));
      const wanted = task.goals.map(({ variable }) => variable).filter((variable) => varies[variable]);

      const relevant = new Set(wanted);
      for (const variable of relevant) {
        for (const other of neededBy(task, actions, varies, variable)) relevant.add(other);
      }
      const joined = [
        ...actions.map((action) => touchedBy(task, action, varies)).filter((all) =>
          all.every((each) => relevant.has(each))
        ),
        ...[...relevant].map((variable) => [
          variable,
          ...(task.conditions[variable] ?? []).map((fact) => fact.variable).filter((each) => relevant.has(each)),
        ]),
      ];
      const groups: number[][] = [];
      for (const variable of [...relevant].sort((a, b) => a - b)) {
        if (groups.some((group) => group.includes(variable))) continue;
        const group = new Set([variable]);
        for (const each of group) {
          for (const all of joined) if (all.includes(each)) all.forEach((one) => group.add(one));
        }
        groups.push([...group].sort((a, b) => a - b));
      }
      const expected = groups.map((group) => ({
        urls: group.map((variable) => task.urls[variable]),
        actions: actions.filter((action) => {
          const all = touchedBy(task, action, varies);
          return all.length > 0 && all.every((each) => group.includes(each));
        }).map(({ mutation }) => mutation.key),
      }));
      const found = partition(task, reached);
      assert.deepEqual(
        found.map(({ urls, actions }) => ({ urls, actions: actions.map(({ mutation }) => mutation.key) })),
        expected,
      );
      for (const part of found) {
        const number = (url: string | undefined) => part.urls.indexOf(url ?? "");
        const own = (facts: readonly Fact[]): Fact[] =>
          facts.map(({ variable, value }) => ({ variable: number(task.urls[variable]), value }))
            .filter(({ variable }) => variable >= 0);
        for (const [place, url] of part.urls.entries()) {
          const variable = task.urls.indexOf(url);
          assert.deepEqual(
            [part.sizes[place], part.initial[place], part.conditions[place]],
            [task.sizes[variable], task.initial[variable], own(task.conditions[variable] ?? [])],
          );
          assert.deepEqual(
            [...part.dependents[place] ?? []],
            part.conditions.flatMap((facts, other) =>
              facts.filter((fact) => fact.variable === place).map(({ value }) => ({ variable: other, value }))
            ),
          );
        }
        assert.deepEqual(part.goals, own(task.goals));
        for (const action of part.actions) {
          const whole: Action | undefined = task.actions.find(({ mutation }) => mutation === action.mutation);
          assert.deepEqual(action.requires, own(whole?.requires ?? []));
          assert.deepEqual(action.excludes, own(whole?.excludes ?? []));
          assert.deepEqual(
            action.changes.map(({ variable }) => part.urls[variable]),
            whole?.changes.map(({ variable }) => task.urls[variable]).filter((url) => number(url) >= 0),
          );
        }
      }
      covered.saw(
        found.length > 1 ? "several groups" : "one group",
        found.reduce((sum, { urls }) => sum + urls.length, 0) === task.urls.length ? "all variables" : "not all",
      );
    }),
    { numRuns: runs },
  );
  covered.check();
});

/** What a step of a plan reads and writes: what it can make unknown is written, what its effects need is read. */
function footprintOf(task: Task, { changes, requires, excludes }: Action) {
  const needs = changes.flatMap(({ variable }) => task.conditions[variable] ?? []);
  const reads = [...requires, ...excludes, ...needs].map(({ variable }) => variable);
  const conditions = task.conditions.map((facts) => facts.filter(({ value }) => value >= 0)); // others never hold
  const forgotten = new Set(
    conditions.flatMap((facts, variable) =>
      facts.some((fact) => changes.some((change) => change.variable === fact.variable && change.to !== fact.value))
        ? [variable]
        : []
    ),
  );
  for (const variable of forgotten) {
    for (const [other, facts] of conditions.entries()) {
      if (facts.some((fact) => fact.variable === variable)) forgotten.add(other);
    }
  }
  return { reads, writes: [...changes.map(({ variable }) => variable), ...forgotten], forgotten };
}

test("partialOrder() has a step wait for just those that it must come after", () => {
  const covered = createCoverage("partial order", ["waits", "waits for none", "follows from others"], 0.06);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const result = finish(search(task, new Budget(20_000, 2 ** 27)));
      if (result.kind !== "found") return;
      const steps = result.actions.map((action) => footprintOf(task, action));
      const meets = (some: readonly number[], others: readonly number[]) => some.some((each) => others.includes(each));
      /** For each step all that it comes after, by way of others too. */
      const behind: Set<number>[] = [];
      const expected = steps.map((step, place) => {
        const direct = [...steps.keys()].slice(0, place).filter((earlier) => {
          const { reads = [], writes = [] } = steps[earlier] ?? {};
          return meets(writes, [...step.reads, ...step.writes]) || meets(reads, step.writes);
        });
        const indirect = new Set(direct.flatMap((earlier) => [...behind[earlier] ?? []]));
        behind.push(new Set([...direct, ...indirect]));
        return { direct, waits: direct.filter((earlier) => !indirect.has(earlier)) };
      });
      assert.deepEqual(partialOrder(task, result.actions), expected.map(({ waits }) => waits));
      covered.saw(...expected.flatMap(({ direct, waits }) => [
        waits.length > 0 ? "waits" as const : "waits for none" as const,
        ...(waits.length < direct.length ? ["follows from others"] as const : []),
      ]));
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("forgottenBy() has whatever an action can make unknown", () => {
  const covered = createCoverage("what is forgotten", ["forgets", "forgets nothing"], 0.1);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      let forgets = false;
      for (const action of task.actions) {
        const forgotten = forgottenBy(task, action);
        assert.deepEqual([...forgotten].sort(), [...footprintOf(task, action).forgotten].sort());
        for (const state of spaceOf(task).states.filter((state) => isApplicable(action, state))) {
          for (const [variable, value] of applyEffects(task, action, state).entries()) {
            const change = action.changes.find((change) => change.variable === variable);
            if (value !== 0 || state[variable] === 0 || change !== undefined) continue;
            assert.ok(forgotten.has(variable));
            forgets = true;
          }
        }
      }
      covered.saw(forgets ? "forgets" : "forgets nothing");
    }),
    { numRuns: Math.ceil(runs / 2) },
  );
  covered.check();
});

test("createApplicable() finds each action that can run in a state, and no other", () => {
  const covered = createCoverage("applicable", ["none", "several"], 0.02);
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      const applicable = createApplicable(task);
      for (const state of spaceOf(task).states) {
        const keys = applicable(state).map(({ mutation }) => mutation.key);
        const expected: string[] = task.actions.filter(({ changes, requires, excludes }) =>
          changes.every(({ variable, from }) => state[variable] === from) &&
          requires.every(({ variable, value }) => state[variable] === value) &&
          excludes.every(({ variable, value }) => state[variable] !== value)
        ).map(({ mutation }) => mutation.key);
        assert.deepEqual([...keys].sort(), expected.sort());
        covered.saw(...(keys.length > 1 ? ["several"] as const : keys.length === 0 ? ["none"] as const : []));
      }
    }),
    { numRuns: Math.ceil(runs / 2) },
  );
  covered.check();
});

test("a heap gives its items by their order, whenever they came", () => {
  const covered = createCoverage("heap", ["empty", "ten items", "twice the same"], 0.2);
  const operations = fc.array(fc.oneof(fc.nat(30), fc.nat(30), fc.constant("pop" as const)), { maxLength: 60 });
  fc.assert(
    fc.property(operations, (all) => {
      const heap = new Heap<number>((a, b) => a - b);
      const held: number[] = [];
      const classes = new Set<"empty" | "ten items" | "twice the same">();
      for (const each of [...all, ...all.map(() => "pop" as const)]) {
        if (each === "pop") {
          if (held.length === 0) classes.add("empty");
          assert.equal(heap.pop(), held.shift());
          continue;
        }
        if (held.includes(each)) classes.add("twice the same");
        heap.push(each);
        held.push(each);
        held.sort((a, b) => a - b);
        if (held.length > 9) classes.add("ten items");
      }
      covered.saw(...classes);
    }),
  );
  covered.check();
});

test("createReached() takes each value of a variable once, and none that the variable does not have", () => {
  const sizes = [2, 1, 3];
  const values = [-2, -1, 0, 1, 2, 3, 4];
  const covered = createCoverage("values that were added", ["new", "had before", "below", "above"], 0.02);
  const added = fc.tuple(fc.nat(2), fc.constantFrom(...values));
  fc.assert(
    fc.property(fc.array(added, { maxLength: 12 }), (adds) => {
      const reached = createReached(sizes);
      const plain = sizes.map(() => new Set<number>());
      for (const [variable, value] of adds) {
        const own = plain[variable] ?? new Set();
        const fits = value >= 0 && value < (sizes[variable] ?? 0);
        covered.saw(value < 0 ? "below" : !fits ? "above" : own.has(value) ? "had before" : "new");
        assert.equal(reached.add(variable, value), fits && !own.has(value));
        if (fits) own.add(value);
        for (const [each, had] of plain.entries()) {
          for (const other of values) {
            assert.equal(reached.has(each, other), had.has(other));
            assert.equal(reached.hasOther(each, other), [...had].some((one) => one !== other));
          }
        }
      }
    }),
    { numRuns: runs },
  );
  covered.check();
});

test("canKeep() wants all that a value's condition names, of the action itself or in reach, to the last of them", () => {
  const domain = sized({ "/a": 3, "/b": 3, "/c": 3 }, {
    a: { changes: { "/a": ["0", "1"] } },
    b: { changes: { "/b": ["0", "1"] } },
    c: { changes: { "/c": ["0", "1"] } },
  });
  const { task: plain } = problemFor(domain, { "/a": "0", "/b": "0", "/c": "0" }, { "/a": "1", "/b": "1", "/c": "1" });
  const [some] = plain.actions;
  assert.ok(some !== undefined && plain.sizes.length === 3);
  // The first needs the second at 1, and that one the third at 1.
  const task: Task = { ...plain, conditions: [[{ variable: 1, value: 1 }], [{ variable: 2, value: 1 }], []] };
  const cases: [to: readonly (number | undefined)[], inReach: readonly Fact[], keeps: boolean][] = [
    [[1], [], false],
    [[1], [{ variable: 1, value: 1 }], true],
    [[1], [{ variable: 1, value: 2 }], false],
    [[1, 1], [], false],
    [[1, 1], [{ variable: 2, value: 1 }], true],
    [[1, 1, 1], [], true],
    [[1, 1, 2], [{ variable: 2, value: 1 }], false],
    [[1, 2], [{ variable: 1, value: 1 }, { variable: 2, value: 1 }], false],
  ];
  for (const [to, inReach, keeps] of cases) {
    const reached = createReached(task.sizes);
    for (const { variable, value } of inReach) reached.add(variable, value);
    const changes = to.map((value, variable) => ({ variable, from: 0, to: value ?? 0 }));
    assert.equal(canKeep(task, { ...some, changes }, 0, reached), keeps, JSON.stringify([to, inReach]));
  }
  const last = { ...some, changes: [{ variable: 2, from: 0, to: 1 }] };
  assert.equal(canKeep(task, last, 2, createReached(task.sizes)), true, "without a condition");
});
