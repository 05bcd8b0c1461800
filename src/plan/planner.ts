import { canonicalText, type Value, type Values } from "../state/mod.ts";
import { goalsOf, type SortedGoals, sortGoals } from "./goals.ts";
import { createGrounder, type GroundFrame } from "./ground.ts";
import { Lru } from "./lru.ts";
import type { Domain, Plan, Planner, Question } from "./plan.ts";
import { createWorker, type SliceOptions } from "./slices.ts";
import { solve } from "./solve.ts";

/** Bounds and habits of a planner. */
export interface PlannerOptions {
  /** The most states that one question may expand before the answer is of kind `bound`, at most 500,000. @default 100000 */
  readonly maxExpansions?: number;
  /** The most memory that one question may take before the answer is of kind `bound`, roughly. @default 134217728 */
  readonly maxBytes?: number;
  /** The most answers that are remembered. @default 1024 */
  readonly cacheSize?: number;
  /**
   * Whether a cfg value that is the variable's unknown one is a goal. Programs say no: values are discovered all the time,
   * and nobody wants the planner to undo that again and again. @default true
   */
  readonly unknownGoals?: boolean;
  /** Makes the planner work in slices. @default Each question is worked on until it is answered */
  readonly slices?: SliceOptions;
}

/** The goals and the frame that nodes with the same goals and names share. */
interface Situation {
  readonly goals: SortedGoals;
  readonly frame: GroundFrame;
  /** Names goals and frame in the keys of answers. */
  readonly number: number;
}

/**
 * Makes a planner over a domain. It remembers answers by everything that they can depend on: the goals, and the values
 * of the variables that matter for these. Nodes that differ only in other values share one search.
 *
 * A plan has the least total disruption, and among the plans of that disruption the least total duration. Several such
 * plans may exist; the choice among them is always the same, whatever the order in which modules, mutations, view and
 * cfg list their entries: goals are taken in the order of their URLs and mutations in the order of their keys (see
 * `search`). Groups of variables that do not interact are planned apart, in the order of their first URL.
 *
 * @param domain From {@link compileDomain}.
 * @param options Bounds and habits.
 *
 * @example Switching a node on
 * ```ts
 * import assert from "node:assert/strict";
 * import { compileDomain, createPlanner, declareModule, describePlanSteps } from "../src/plan/mod.ts";
 * import { core } from "../src/state/mod.ts";
 *
 * const power = declareModule({
 *   name: "power",
 *   about: "Switches nodes on",
 *   extensions: [core],
 *   discovers: ["/physState"],
 *   mutations: {
 *     read: { context: "parent", changes: { "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] }, timeout: 5_000 },
 *     on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, timeout: 60_000 },
 *   },
 * });
 * const planner = createPlanner(compileDomain([power]));
 * const plan = planner.plan({ view: new Map(), cfg: new Map([["/physState", "POWER_ON"]]) });
 * assert.deepEqual(describePlanSteps(plan), [
 *   "1. power/read (parent): /physState PHYS_UNKNOWN -> POWER_OFF",
 *   "2. power/on (parent): /physState POWER_OFF -> POWER_ON, after 1",
 * ]);
 * ```
 */
export function createPlanner(domain: Domain, options: PlannerOptions = {}): Planner {
  const { maxExpansions = 100_000, maxBytes = 2 ** 27, cacheSize = 1024, unknownGoals = true, slices } = options;
  const bounds = { states: maxExpansions, bytes: maxBytes };
  const grounder = createGrounder(domain);
  const situations = new Lru<Situation>(cacheSize);
  const numbers = new Lru<number>(cacheSize);
  const answers = new Lru<Plan>(cacheSize);
  let count = 0;

  function situationOf(view: Values, cfg: Values): Situation {
    const all = goalsOf(domain, cfg);
    const goals = unknownGoals ? all : all.filter(({ url, value }) => value !== domain.schema.unknownOf(url));
    const names = grounder.namesOf(view, cfg);
    let key = names.join("\n");
    for (const { url, value } of goals) key += `\n${url}=${textOf(value)}`;
    return situations.getOrMake(key, () => {
      const sorted = sortGoals(domain, goals);
      const frame = grounder.ground(sorted.active.map(({ url }) => url), names);
      const text = JSON.stringify([sorted, frame.mutations.map((mutation) => mutation.key)]);
      return { goals: sorted, frame, number: numbers.getOrMake(text, () => count++) };
    });
  }

  const worker = createWorker(answers, slices);

  /** The situation of a question, and the key of its answer. */
  function taken({ view, cfg }: Question): Situation & { readonly key: string } {
    const situation = situationOf(view, cfg);
    let key = `${situation.number}`;
    for (const url of situation.frame.urls) key += `\n${textOf(view.get(url))}`;
    return { ...situation, key };
  }

  return {
    domain,
    plan(question) {
      const { goals, frame, key } = taken(question);
      return answers.get(key) ??
        worker.answer(key, goals.suspended, () => solve(domain, frame, question.view, goals, bounds));
    },
    found: (question) => worker.done(taken(question).key),
    idle: worker.idle,
  };
}

/** A text that tells values apart; for the texts of enumerations, which need no quotes, the value itself. */
function textOf(value: Value | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" && /^[\w.-]+$/.test(value) ? value : `=${canonicalText(value)}`;
}
