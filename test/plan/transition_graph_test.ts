import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, Fact, Task } from "../../src/plan/task.ts";
import { createTransitionGraphs, type TransitionGraph } from "../../src/plan/transition_graph.ts";
import { createCoverage, fc } from "../support/property.ts";
import { problems } from "./random_domain.ts";
import { costsTo, taskOf } from "./tasks.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 100);

/** A way of a variable from one value to another one. Without an action it is being forgotten. */
interface Way {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
  readonly action?: Action;
}

/** A variable on its own, as plainly as can be. */
class Plain {
  readonly variable: number;
  readonly values: readonly number[];
  readonly condition: readonly Fact[];
  readonly ways: readonly Way[];

  constructor(task: Task, variable: number) {
    this.variable = variable;
    this.values = Array.from({ length: task.sizes[variable] ?? 0 }, (_, value) => value);
    this.condition = task.conditions[variable] ?? [];
    const moves = task.actions.flatMap((action) =>
      action.changes.flatMap((change, place): Way[] => {
        const { length } = action.changes;
        const cost = Math.floor(action.cost / length) + (place < action.cost % length ? 1 : 0);
        return change.variable === variable ? [{ from: change.from, to: change.to, cost, action }] : [];
      })
    );
    const forgetting = this.values.slice(1).map((from): Way => ({ from, to: 0, cost: 0 }));
    this.ways = this.condition.length === 0 ? moves : [...moves, ...forgetting];
  }

  costs(goal: number, ways = this.ways): number[] {
    return costsTo(this.values.length, ways, (value) => value === goal);
  }

  costOfLeaving(value: number, rest: readonly number[]): number {
    const costs = this.ways.filter(({ from, to }) => from === value && to !== value)
      .map(({ to, cost }) => cost + (rest[to] ?? Infinity));
    return Math.min(Infinity, ...costs);
  }

  /** Whether the condition has a fact, which each known value needs. */
  needsAlways(fact: Fact, holds: boolean, goal: number): boolean {
    return holds && goal !== 0 && this.condition.some((other) => isSame(fact, other));
  }

  /** For each value whether no way from there to the goal does without a fact. */
  unavoidable(fact: Fact, holds: boolean, goal: number): boolean[] {
    const without = this.costs(
      goal,
      this.ways.filter(({ action }) => action === undefined || !needs(action, fact, holds)),
    );
    const costs = this.costs(goal);
    return this.values.map((value) =>
      this.needsAlways(fact, holds, goal) || (costs[value] !== Infinity && without[value] === Infinity)
    );
  }
}

function isSame(a: Fact, b: Fact): boolean {
  return a.variable === b.variable && a.value === b.value;
}

function needs({ requires, excludes, changes }: Action, fact: Fact, holds: boolean): boolean {
  if (!holds) return excludes.some((other) => isSame(fact, other));
  return requires.some((other) => isSame(fact, other)) ||
    changes.some(({ variable, from }) => isSame(fact, { variable, value: from }));
}

function check(name: string, property: (graph: TransitionGraph, plain: Plain, task: Task) => void): void {
  const covered = createCoverage(
    `${name} of a variable`,
    ["can be forgotten", "can't", "no way", "several changes"],
    0.05,
  );
  fc.assert(
    fc.property(problems, (problem) => {
      const task = taskOf(problem);
      fc.pre(task !== undefined);
      for (const [variable, graph] of createTransitionGraphs(task).entries()) {
        const plain = new Plain(task, variable);
        property(graph, plain, task);
        covered.saw(
          plain.condition.length > 0 ? "can be forgotten" : "can't",
          ...(plain.values.some((value) => plain.costs(value).includes(Infinity)) ? ["no way"] as const : []),
          ...(plain.ways.some(({ action }) => (action?.changes.length ?? 0) > 1) ? ["several changes"] as const : []),
        );
      }
    }),
    { numRuns: runs },
  );
  covered.check();
}

test("distancesTo() has the cost of the cheapest way from each value, with its share of what several variables pay", () => {
  check("distances", (graph, plain) => {
    for (const goal of plain.values) assert.deepEqual(graph.distancesTo(goal), plain.costs(goal));
  });
});

test("costOfEntering() has the cost of the cheapest way into a value", () => {
  check("entering", (graph, plain) => {
    for (const value of plain.values) {
      const costs = plain.ways.filter(({ to }) => to === value).map(({ cost }) => cost);
      assert.equal(graph.costOfEntering(value), Math.min(Infinity, ...costs));
    }
  });
});

test("costOfLeaving() has the cost of the cheapest way out of a value, and on to another one where that is asked for", () => {
  check("leaving", (graph, plain) => {
    for (const value of plain.values) {
      assert.equal(graph.costOfLeaving(value, undefined), plain.costOfLeaving(value, plain.values.map(() => 0)));
      for (const goal of plain.values) {
        assert.equal(graph.costOfLeaving(value, goal), plain.costOfLeaving(value, plain.costs(goal)));
      }
    }
  });
});

test("nextOn() has the first of the actions that a cheapest way begins with", () => {
  check("next", (graph, plain) => {
    for (const value of plain.values) {
      for (const goal of plain.values) {
        const costs = plain.costs(goal);
        const next = plain.ways.find(({ from, to, cost, action }) =>
          from === value && action !== undefined && cost + (costs[to] ?? Infinity) === costs[value]
        );
        assert.equal(graph.nextOn(value, goal), next?.action);
      }
    }
  });
});

test("needsOf() has each fact of other variables that no way does without, and for which values, once", () => {
  check("needs", (graph, plain, task) => {
    for (const goal of plain.values) {
      const found = graph.needsOf(goal);
      for (const need of found) {
        assert.ok(need.variable !== plain.variable || need.value === -1);
        assert.ok(need.unavoidable.includes(1));
      }
      for (const [variable, size] of task.sizes.entries()) {
        for (let value = 0; value < size && variable !== plain.variable; value++) {
          for (const holds of [true, false]) {
            const fact = { variable, value };
            const of = found.filter((need) => isSame(need, fact) && need.holds === holds);
            assert.ok(of.length <= (plain.needsAlways(fact, holds, goal) ? 2 : 1));
            assert.deepEqual(
              plain.values.map((each) => of.some(({ unavoidable }) => unavoidable[each] === 1)),
              plain.unavoidable(fact, holds, goal),
            );
          }
        }
      }
    }
  });
});
