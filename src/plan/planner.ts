import { canonicalText, type Value, type Values } from "../state/mod.ts";
import { goalsOf, type SortedGoals, sortGoals } from "./goals.ts";
import { createGrounder, type Frame } from "./ground.ts";
import { Lru } from "./lru.ts";
import type { Domain, Plan, Planner, Question } from "./plan.ts";
import { createWorker, type SliceOptions } from "./slices.ts";
import { solve } from "./solve.ts";

/** How a planner is bounded. */
export interface PlannerOptions {
  /** The most states that one question may expand before the answer is of kind `bound`, at most 500,000. @default 100000 */
  readonly maxExpansions?: number;
  /** The most memory that one question may take before the answer is of kind `bound`, roughly. @default 134217728 */
  readonly maxBytes?: number;
  /** The most answers that are remembered. @default 1024 */
  readonly cacheSize?: number;
  /**
   * Whether a cfg value that is the variable's unknown one is a goal. Programs say no: machines are found out about all the
   * time, and to undo that again and again is what nobody means. @default true
   */
  readonly unknownGoals?: boolean;
  /** Makes the planner work in slices. @default Each question is worked on until it is answered */
  readonly slices?: SliceOptions;
}

/** What nodes with the same goals and names have in common. */
interface Situation {
  readonly goals: SortedGoals;
  readonly frame: Frame;
  /** Names goals and frame in the keys of answers. */
  readonly number: number;
}

/**
 * Makes a planner over a domain. Answers are remembered by what they can depend on: the goals, and the values of the
 * variables that these can depend on. Whatever else differs between nodes, the same question is searched once.
 *
 * A plan is of the least total disruption there is, and among those of the least total duration. Of several such plans
 * always the same one is given, whatever the order in which modules, mutations, view and cfg list their entries: the one
 * that comes first when goals are taken in the order of their URLs and mutations in the order of their keys (see `search`
 * for what that means). Groups of variables that have nothing to do with each other are in the order of their first URL.
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
