import { compileDomain } from "../../src/plan/domain.ts";
import { goalsOf, sortGoals } from "../../src/plan/goals.ts";
import { createGrounder } from "../../src/plan/ground.ts";
import type { Domain } from "../../src/plan/plan.ts";
import { compileProblem, type TaskProblem } from "../../src/plan/task.ts";
import { defineExtension, enumeration } from "../../src/state/mod.ts";
import type { Given, Small } from "./machine.ts";

/** The problem that a planner makes of a view and a cfg. */
export function problemFor(domain: Domain, view: Given, cfg: Given): TaskProblem {
  const values = { view: new Map(Object.entries(view)), cfg: new Map(Object.entries(cfg)) };
  const { active } = sortGoals(domain, goalsOf(domain, values.cfg));
  const grounder = createGrounder(domain);
  const frame = grounder.ground(active.map(({ url }) => url), grounder.namesOf(values.view, values.cfg));
  return compileProblem(domain, frame, values.view, active, 1000);
}

/** A domain of enumerations with the values "0", "1" and so on, each known always: how many of them, by URL. */
export function sized(
  sizes: { readonly [url: string]: number },
  mutations: { readonly [id: string]: Small },
): Domain {
  const variables = Object.entries(sizes).map(([url, size]) => {
    const type = enumeration("0", ...Array.from({ length: size - 1 }, (_, value) => String(value + 1)));
    return [url, { type, writer: "parent", about: "", knownWhile: {} }] as const;
  });
  return compileDomain([{
    name: "m",
    about: "Enumerations of different sizes",
    extensions: [defineExtension("sized", Object.fromEntries(variables))],
    discovers: [],
    mutations: Object.fromEntries(
      Object.entries(mutations).map(([id, mutation]) => [id, { context: "parent", timeout: 1000, ...mutation }]),
    ),
  }]);
}
