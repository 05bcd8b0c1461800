import type { Plan } from "../plan/mod.ts";
import { isPattern, type Schema, valueIn } from "../state/mod.ts";
import type { Flight, NodeRecord, Sight } from "./record.ts";
import type { EngineNode, Late } from "./types.ts";
import { describeTime } from "./words.ts";

/** How long a goal of a finite set of values may take, in milliseconds, where its value declares nothing of its own. */
const REACH_WITHIN = 300_000;

const exactUrls = new WeakMap<Schema, readonly string[]>();

/** The URLs, patterns left out, whose variables say how long their values are expected to last. */
function timedUrls(schema: Schema): readonly string[] {
  const known = exactUrls.get(schema);
  if (known !== undefined) return known;
  const urls = schema.extensions.flatMap(({ variables }) =>
    Object.entries(variables).flatMap(([url, { leaveWithin }]) =>
      leaveWithin === undefined || isPattern(url) ? [] : [url]
    )
  );
  const distinct = [...new Set(urls)];
  exactUrls.set(schema, distinct);
  return distinct;
}

/**
 * Notes the values that a node which is not at its goal is expected to leave: those that say so themselves, and every other
 * value of an enumeration than the one that cfg asks for. The latter may last as long as the plan is expected to take.
 */
export function watchValues(record: NodeRecord, node: EngineNode, plan: Plan, now: number): void {
  const { domain } = node.planner;
  const { schema } = domain;
  const before = record.sights;
  const sights = new Map<string, Sight>();
  const suspended = new Set(plan.suspended.map(({ url }) => url));
  const otherwise = Math.max(REACH_WITHIN, plan.ok ? plan.duration : 0);
  function note(url: string): void {
    const value = valueIn(schema, node.view, url);
    if (value === undefined || value === node.cfg.get(url)) return;
    const variable = schema.find(url)?.variable;
    const isGoal = variable?.type.kind === "enum" && node.cfg.has(url) && domain.isMutable(url) && !suspended.has(url);
    const within = variable?.leaveWithin?.[String(value)] ?? (isGoal ? otherwise : undefined);
    if (within === undefined) return;
    const seen = before?.get(url);
    sights.set(url, seen?.value === value ? seen : { value, since: now, within });
  }
  for (const url of timedUrls(schema)) note(url);
  for (const url of node.cfg.keys()) note(url);
  record.sights = sights.size === 0 ? undefined : sights;
}

/** When a mutation in flight is expected to be done, in clock milliseconds. */
function expectedEnd({ step, since }: Flight): number {
  return since + step.duration;
}

/** What of a node takes longer than expected: what has done so for the longest time. Of a frozen node nothing is expected. */
export function lateOf(record: NodeRecord, now: number): Late | undefined {
  if (record.frozen !== "no") return undefined;
  let late: Late | undefined;
  for (const [url, { value, since, within }] of record.sights ?? []) {
    const end = since + within;
    if (now <= end || (late !== undefined && late.since <= end)) continue;
    late = { since: end, why: `'${url}' is '${value}': expected for ${describeTime(within)} at most` };
  }
  for (const flight of record.flights.values()) {
    const end = expectedEnd(flight);
    if (now <= end || (late !== undefined && late.since <= end)) continue;
    late = { since: end, why: `${flight.step.key} runs: expected to take ${describeTime(end - flight.since)}` };
  }
  return late;
}
