import type { Plan, Step } from "../plan/mod.ts";
import { valueIn } from "../state/mod.ts";
import type { Memory } from "./failures.ts";
import type { EngineNode, EngineOptions } from "./types.ts";

/** The most goals that are named in one sentence. */
const MAX_NAMED = 3;

/** What a mutation changes: `'/physState' from 'POWER_OFF' to 'POWER_ON'`. */
export function describeChanges(step: Step): string {
  return Object.entries(step.changes).map(([url, [from, to]]) => `'${url}' from '${from}' to '${to}'`).join(", ");
}

/** What has been reached: `'/physState' is 'POWER_ON'`. */
export function describeReached(step: Step): string {
  return Object.entries(step.changes).map(([url, [, to]]) => `'${url}' is '${to}'`).join(", ");
}

/** Why a mutation is started: what it changes, and which goals the node is not at. */
export function describeStart(step: Step, node: EngineNode, plan: Plan): string {
  const { schema } = node.planner.domain;
  const suspended = new Set(plan.suspended.map((goal) => goal.url));
  const goals: string[] = [];
  for (const [url, value] of node.cfg) {
    if (suspended.has(url) || !node.planner.domain.isMutable(url)) continue;
    if (valueIn(schema, node.view, url) !== value) goals.push(`'${url}' = '${value}'`);
  }
  const more = goals.length > MAX_NAMED ? ` and ${goals.length - MAX_NAMED} more` : "";
  return `Changes ${describeChanges(step)}; wanted: ${goals.slice(0, MAX_NAMED).join(", ")}${more}`;
}

/** Why a mutation in flight is not continued, by what is seen of what it changes. */
export function describeSurprise(step: Step, node: EngineNode, edited: boolean): string {
  if (edited) return "The plan for the changed cfg does not continue it";
  const { schema } = node.planner.domain;
  const strays = Object.entries(step.changes).flatMap(([url, [from]]) => {
    const value = valueIn(schema, node.view, url);
    return value === from ? [] : [`'${url}' is '${value ?? "unknown"}'`];
  });
  return `The plan from what is seen now does not continue it${strays.length > 0 ? `: ${strays.join(", ")}` : ""}`;
}

/** What failed, how often, and what comes next. */
export function describeFailure(memory: Memory, now: number, options: EngineOptions): string {
  const next = memory.held ? "given up" : `next in ${describeTime(memory.retryAt - now)}`;
  return `${memory.reason} (attempt ${memory.attempts} of ${options.maxAttempts}, ${next})`;
}

/** Milliseconds for people: `1.5 s`. */
export function describeTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}
