import { createHash } from "node:crypto";
import { canonicalText, type Value } from "../state/mod.ts";
import { applyEffects, isApplicable } from "./effects.ts";
import { type Goal, goalsOf, sortGoals } from "./goals.ts";
import { createGrounder } from "./ground.ts";
import type { MutationKey } from "./mutation.ts";
import type { Plan, Planner, Question } from "./plan.ts";
import { createApplicable } from "./search.ts";
import { compileProblem, keyOf, type TaskProblem, type TaskState } from "./task.ts";

/** Bounds of the exploration of a graph. */
export interface GraphOptions {
  /** The most states that are shown. @default 256 */
  readonly maxStates?: number;
}

/** A state of a node, as far as its goals can depend on it. */
export interface GraphState {
  /** A hash of its values: the same state has the same id in every graph. */
  readonly id: string;
  /** The values that are known in it, by URL in code-unit order. Constants of the node are left out. */
  readonly values: { readonly [url: string]: Value };
  /** True if all goals hold in it that are not suspended. */
  readonly isGoal: boolean;
}

/** A mutation that leads from one state to another. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly mutation: MutationKey;
  readonly context: "self" | "parent";
  readonly disruption: number;
  /** Milliseconds that it is expected to take. */
  readonly duration: number;
  /** True if it is a step of the plan, when the steps run one after the other in the order of the plan. */
  readonly isPlanned: boolean;
}

/** The states around a node, as plain data. */
export interface StateGraph {
  /** Every URL whose value can differ between its states, in code-unit order. */
  readonly urls: readonly string[];
  /** The states along the plan, then the others by their distance from the current state, then from the unknown one. */
  readonly states: readonly GraphState[];
  /** Ordered as their states are, then by the mutation. */
  readonly edges: readonly GraphEdge[];
  /** The id of the state in which the node is. */
  readonly current: string;
  /** The id of the state in which nothing is known; undefined when it was left out. */
  readonly unknown?: string;
  /** The id of the state in which the plan ends; undefined if there is no plan or the state was left out. */
  readonly goal?: string;
  /** The ids of the states along the plan, from `current` to `goal`; empty if there is none. */
  readonly path: readonly string[];
  readonly plan: Plan;
  /** True when there are more states, which were left out. Edges to and from these are left out too. */
  readonly truncated: boolean;
}

interface Seen {
  readonly id: string;
  readonly state: TaskState;
}

/**
 * Explores the states that a node can reach, from its current state and from the state in which nothing is known, and
 * marks the plan for its cfg. Only variables on which its goals can depend are part of it.
 *
 * @param planner Gives the domain and the plan.
 * @param question The node's view and cfg.
 * @param options Bounds.
 * @returns The graph as plain data. It is truncated, not refused, if there are more states than allowed.
 * @throws {RangeError} If `maxStates` is not a positive integer.
 *
 * @example The two states of a node that can only be switched on
 * ```ts
 * import assert from "node:assert/strict";
 * import { compileDomain, createPlanner, declareModule, exploreGraph, toDot } from "../src/plan/mod.ts";
 * import { core } from "../src/state/mod.ts";
 *
 * const power = declareModule({
 *   name: "power",
 *   about: "Switches nodes on",
 *   extensions: [core],
 *   discovers: ["/physState"],
 *   mutations: { on: { context: "parent", changes: { "/physState": ["POWER_OFF", "POWER_ON"] }, timeout: 60_000 } },
 * });
 * const graph = exploreGraph(createPlanner(compileDomain([power])), {
 *   view: new Map([["/physState", "POWER_OFF"]]),
 *   cfg: new Map([["/physState", "POWER_ON"]]),
 * });
 * assert.deepEqual(graph.path, [graph.current, graph.goal]);
 * assert(toDot(graph).startsWith("digraph"));
 * ```
 */
export function exploreGraph(planner: Planner, question: Question, options: GraphOptions = {}): StateGraph {
  const { maxStates = 256 } = options;
  if (!Number.isSafeInteger(maxStates) || maxStates < 1) {
    throw new RangeError(`Cannot explore a graph of at most ${maxStates} states: expected a positive integer`);
  }
  const { problem, goals } = problemOf(planner, question);
  const { task } = problem;
  const plan = planner.plan(question);
  const seen = new Map<string, Seen>();
  let truncated = false;

  function see(state: TaskState): Seen | undefined {
    const key = keyOf(state);
    const known = seen.get(key);
    if (known !== undefined) return known;
    if (seen.size >= maxStates) {
      truncated = true;
      return undefined;
    }
    const made = { id: idOf(problem, state), state };
    seen.set(key, made);
    return made;
  }

  const way = statesOf(problem, plan).map(see);
  const unknown = task.sizes.map(() => 0);
  see(unknown);
  const applicable = createApplicable(task);
  const edges: GraphEdge[] = [];
  const planned = new Set(plan.ok ? plan.steps.map(({ key }, place) => `${way[place]?.id} ${key}`) : []);
  for (const { id, state } of seen.values()) { // grows while it is read
    for (const action of applicable(state)) {
      const to = see(applyEffects(task, action, state));
      if (to === undefined) continue;
      const { key, context, disruption, duration } = action.mutation;
      const isPlanned = planned.has(`${id} ${key}`);
      edges.push({ from: id, to: to.id, mutation: key, context, disruption, duration, isPlanned });
    }
  }
  const path = way.flatMap((state) => state?.id ?? []);
  const last = plan.ok ? way.at(-1)?.id : undefined;
  const nothing = seen.get(keyOf(unknown))?.id;
  return {
    urls: task.urls,
    states: [...seen.values()].map(({ id, state }) => ({
      id,
      values: valuesOf(problem, state),
      isGoal: goals.every((goal) => holds(problem, state, goal)),
    })),
    edges,
    current: idOf(problem, task.initial),
    ...(nothing === undefined ? {} : { unknown: nothing }),
    ...(last === undefined ? {} : { goal: last }),
    path: plan.ok ? path : [],
    plan,
    truncated,
  };
}

function problemOf({ domain }: Planner, { view, cfg }: Question): { problem: TaskProblem; goals: readonly Goal[] } {
  const grounder = createGrounder(domain);
  const { active } = sortGoals(domain, goalsOf(domain, cfg));
  const frame = grounder.ground(active.map(({ url }) => url), grounder.namesOf(view, cfg));
  return { problem: compileProblem(domain, frame, view, active, 1), goals: active };
}

/** Lists the states along a plan, beginning with the current one. */
function statesOf({ task }: TaskProblem, plan: Plan): TaskState[] {
  const states: TaskState[] = [task.initial];
  if (!plan.ok) return states;
  const actions = new Map(task.actions.map((action) => [action.mutation.key, action]));
  let state = task.initial;
  for (const { key } of plan.steps) {
    const action = actions.get(key);
    if (action === undefined || !isApplicable(action, state)) {
      throw new Error(`Cannot follow a plan: '${key}' can't run in its place, expected a plan of the same question`);
    }
    state = applyEffects(task, action, state);
    states.push(state);
  }
  return states;
}

function valuesOf(problem: TaskProblem, state: TaskState): { [url: string]: Value } {
  const values: { [url: string]: Value } = {};
  for (const [variable, url] of problem.task.urls.entries()) {
    const value = problem.wordOf(variable, state[variable] ?? 0);
    if (state[variable] !== 0 && value !== undefined) values[url] = value;
  }
  return values;
}

function holds(problem: TaskProblem, state: TaskState, { url, value }: Goal): boolean {
  const variable = problem.variableOf(url);
  return variable === undefined ? problem.fixed(url) === value : state[variable] === problem.valueOf(variable, value);
}

function idOf(problem: TaskProblem, state: TaskState): string {
  return createHash("sha256").update(canonicalText(valuesOf(problem, state))).digest("hex").slice(0, 16);
}
