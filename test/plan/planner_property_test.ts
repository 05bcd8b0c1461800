import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { compileDomain, createPlanner, type Domain, type Plan, type Step } from "../../src/plan/mod.ts";
import { holds, Oracle, type OracleGoal } from "./oracle.ts";
import { type Problem, problems } from "./random_domain.ts";

const runs = Number(process.env["KRAKEN_PROPERTY_RUNS"] ?? 300);

/** Derived conditions may lead back to themselves: such a domain is refused, which is tested elsewhere. */
function compile(problem: Problem): Domain | undefined {
  try {
    return compileDomain(problem.modules);
  } catch (error) {
    if (error instanceof TypeError && error.message.includes("lead back to themselves")) return undefined;
    throw error;
  }
}

/** What questions and their answers are like. */
function classesOf(plan: Plan, { domain, oracle }: { readonly domain: Domain; readonly oracle: Oracle }) {
  const { steps } = plan.ok ? plan : { steps: [] };
  return [
    plan.ok ? "plan" : plan.reason.kind === "conflict" ? "conflict" : "unreachable",
    ...(steps.length > 3 ? ["four steps"] as const : []),
    ...(steps.filter(({ after }) => after.length === 0).length > 1 ? ["side by side"] as const : []),
    ...(steps.some(({ changes }) => Object.keys(changes).length > 1) ? ["several changes"] as const : []),
    ...(plan.suspended.length > 0 ? ["suspended"] as const : []),
    ...(domain.conditions.size > 1 ? ["conditions"] as const : []),
    ...(oracle.start.size > 5 ? ["five variables"] as const : []),
  ] as const;
}

function check(
  name: string,
  property: (given: {
    readonly problem: Problem;
    readonly domain: Domain;
    readonly oracle: Oracle;
    readonly plan: Plan;
    readonly active: readonly OracleGoal[];
    readonly seed: number;
  }) => void,
): void {
  const isAboutReasons = name === "plan(), reasons";
  const covered = createCoverage(name, [
    "plan",
    "unreachable",
    ...(isAboutReasons ? ["conflict"] as const : []),
    "four steps",
    "side by side",
    "several changes",
    "suspended",
    "conditions",
    "five variables",
  ]);
  fc.assert(
    fc.property(problems, fc.nat(), (problem, seed) => {
      const domain = compile(problem);
      fc.pre(domain !== undefined);
      const oracle = new Oracle(domain, problem.view);
      const goals = [...problem.cfg].map(([url, value]) => ({ url, value })).filter(({ url }) => domain.isMutable(url));
      const active = goals.filter((goal) => !oracle.givesWay(goal, goals));
      const plan = createPlanner(domain).plan(problem);
      covered.saw(...classesOf(plan, { domain, oracle }));
      property({ problem, domain, oracle, plan, active, seed });
    }),
    { numRuns: isAboutReasons ? 3 * runs : runs }, // goals that exclude each other are one in a hundred
  );
  covered.check();
}

test("plan() finds a plan exactly when there is one, and it is of least disruption, then of least duration", () => {
  check("plan(), least cost", ({ oracle, plan, active }) => {
    const best = oracle.worlds().find(({ world }) => holds(world, active));
    assert.equal(plan.ok, best !== undefined);
    if (!plan.ok) return;
    assert.equal(plan.cost, best?.disruption);
    assert.equal(plan.steps.reduce((sum, step) => sum + step.duration, 0), best?.duration);
  });
});

test("plan() gives steps that run one after the other, reach the goals and cost what it says", () => {
  check("plan(), steps that run", ({ oracle, plan, active }) => {
    if (!plan.ok) return;
    assert.ok(holds(oracle.follow(plan.steps), active));
    assert.equal(plan.steps.reduce((sum, step) => sum + step.disruption, 0), plan.cost);
  });
});

test("plan() gives an order every schedule of which reaches the goals", () => {
  check("plan(), every schedule", ({ oracle, plan, active, seed }) => {
    if (!plan.ok) return;
    for (let attempt = 0; attempt < 4; attempt++) {
      assert.ok(holds(oracle.follow(schedule(plan.steps, seed + attempt)), active));
    }
  });
});

test("plan() lists no step to wait for that another one in the list waits for", () => {
  check("plan(), no wait twice", ({ plan }) => {
    if (!plan.ok) return;
    const behind = plan.steps.map(() => new Set<number>());
    for (const [place, { after }] of plan.steps.entries()) {
      for (const earlier of after) {
        assert.ok(earlier < place);
        assert.ok(!after.some((other) => other !== earlier && behind[other]?.has(earlier)));
        behind[place]?.add(earlier);
        for (const before of behind[earlier] ?? []) behind[place]?.add(before);
      }
    }
  });
});

test("plan() suspends exactly the goals that another goal contradicts, because of one that stands", () => {
  check("plan(), suspended goals", ({ plan, active, problem, domain }) => {
    const goals = [...problem.cfg].filter(([url]) => domain.isMutable(url));
    const names = new Set(active.map(({ url }) => url));
    assert.deepEqual(
      plan.suspended.map(({ url, value }) => [url, value]),
      goals.filter(([url]) => !names.has(url)).sort(),
    );
    for (const { because } of plan.suspended) {
      assert.ok(active.some(({ url, value }) => url === because.url && value === because.value));
    }
  });
});

test("plan() is the same whatever the order of modules, mutations, view and cfg", () => {
  check("plan(), any order", ({ problem, plan, seed }) => {
    const modules = shuffled(problem.modules, seed).map((module) => ({
      ...module,
      mutations: Object.fromEntries(
        shuffled(Object.entries(module.mutations), seed).map(([id, mutation]) => [id, {
          ...mutation,
          changes: Object.fromEntries(shuffled(Object.entries(mutation.changes), seed)),
          requires: Object.fromEntries(shuffled(Object.entries(mutation.requires ?? {}), seed)),
        }]),
      ),
    }));
    const again = createPlanner(compileDomain(modules)).plan({
      view: new Map(shuffled([...problem.view], seed)),
      cfg: new Map(shuffled([...problem.cfg], seed)),
    });
    assert.deepEqual(again, plan);
  });
});

test("plan() explains a missing plan by a value that nothing reaches, or by goals that only exclude each other", () => {
  check("plan(), reasons", ({ oracle, plan, domain, active }) => {
    if (plan.ok) return;
    const worlds = oracle.worlds().map(({ world }) => world);
    const { reason } = plan;
    switch (reason.kind) {
      case "unreachable": {
        assert.ok(!worlds.some((world) => world.get(reason.url) === reason.value), `${reason.url} is reached`);
        for (const { lacks } of reason.achievers) assert.ok(lacks.length > 0);
        const leading = domain.mutations.filter(({ declaration }) =>
          declaration.changes[reason.url]?.[1] === reason.value
        );
        const named = new Set(reason.achievers.map(({ key }) => key));
        for (const { module, id } of leading) assert.ok(named.has(`${module}/${id}`));
        return;
      }
      case "conflict":
        assert.ok(reason.goals.length > 1);
        for (const goal of reason.goals) {
          assert.ok(active.some(({ url, value }) => url === goal.url && value === goal.value));
          assert.ok(worlds.some((world) => holds(world, reason.goals.filter((other) => other !== goal))));
        }
        assert.ok(!worlds.some((world) => holds(world, reason.goals)));
        return;
      case "bound":
        assert.fail("A small problem does not reach the bound");
    }
  });
});

/** A pseudo-random order that depends on the seed only (Lehmer's generator). */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = (seed % 2147483646) + 1;
  return items.map((item) => {
    state = (state * 48271) % 2147483647;
    return { item, at: state };
  }).sort((a, b) => a.at - b.at).map(({ item }) => item);
}

/** Some order of the steps in which each comes after those that it waits for. */
function schedule(steps: readonly Step[], seed: number): Step[] {
  const done = new Set<number>();
  const ordered: Step[] = [];
  while (ordered.length < steps.length) {
    const ready = [...steps.keys()].filter((place) =>
      !done.has(place) && steps[place]?.after.every((earlier) => done.has(earlier))
    );
    const place = shuffled(ready, seed + ordered.length)[0];
    const step = place === undefined ? undefined : steps[place];
    if (place === undefined || step === undefined) throw new Error("Cannot schedule steps that wait for each other");
    done.add(place);
    ordered.push(step);
  }
  return ordered;
}
