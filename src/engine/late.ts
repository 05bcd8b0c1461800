import { durationText } from "../toolkit/mod.ts";
import type { Late } from "./explanation.ts";
import type { NodeRecord } from "./record.ts";

/**
 * Finds what has been late for the longest time on a node. Nothing is late on a frozen node.
 *
 * @param record The node's record.
 * @param now Clock milliseconds.
 */
export function lateOf(record: NodeRecord, now: number): Late | undefined {
  if (record.frozen !== "no") return undefined;
  let late: Late | undefined;
  for (const [url, { value, since, within }] of record.dwells ?? []) {
    const end = since + within;
    if (now <= end || (late !== undefined && late.since <= end)) continue;
    late = { since: end, why: `'${url}' is '${value}': expected for ${durationText(within)} at most` };
  }
  for (const { step, since } of record.executions.values()) {
    const end = since + step.duration;
    if (now <= end || (late !== undefined && late.since <= end)) continue;
    late = { since: end, why: `${step.key} runs: expected to take ${durationText(step.duration)}` };
  }
  return late;
}
