import type { Plan } from "../plan/mod.ts";
import { isPattern, type Schema, valueIn } from "../state/mod.ts";
import type { EngineNode } from "./node.ts";
import type { DwellTimer, NodeRecord } from "./record.ts";

/** How long a goal with a finite set of values may take if its value declares no time, in milliseconds. */
const REACH_WITHIN = 300_000;

const exactUrls = new WeakMap<Schema, readonly string[]>();

/** Lists the URLs, without patterns, of variables that declare how long their values should last. */
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
 * Times the values that a node which is not at its goal should leave: values with a declared time, and every other
 * value of an enumeration than the one that cfg asks for. The latter may last as long as the plan is expected to take.
 *
 * @param before The timers so far. Timers of values that are still present continue.
 * @param node The node.
 * @param plan Its plan.
 * @param now Clock milliseconds.
 * @returns The timers from now on.
 */
export function timeDwells(
  before: NodeRecord["dwells"],
  node: EngineNode,
  plan: Plan,
  now: number,
): NodeRecord["dwells"] {
  const { domain } = node.planner;
  const { schema } = domain;
  const dwells = new Map<string, DwellTimer>();
  const suspended = new Set(plan.suspended.map(({ url }) => url));
  const otherwise = Math.max(REACH_WITHIN, plan.ok ? plan.duration : 0);
  function time(url: string): void {
    const value = valueIn(schema, node.view, url);
    if (value === undefined || value === node.cfg.get(url)) return;
    const variable = schema.find(url)?.variable;
    const isGoal = variable?.type.kind === "enum" && node.cfg.has(url) && domain.isMutable(url) && !suspended.has(url);
    const within = variable?.leaveWithin?.[String(value)] ?? (isGoal ? otherwise : undefined);
    if (within === undefined) return;
    const running = before?.get(url);
    dwells.set(url, running?.value === value ? running : { value, since: now, within });
  }
  for (const url of timedUrls(schema)) time(url);
  for (const url of node.cfg.keys()) time(url);
  return dwells.size === 0 ? undefined : dwells;
}
