import { describeNoPlan } from "../plan/mod.ts";
import { durationText } from "../toolkit/mod.ts";
import type { Blocker } from "./blocker.ts";
import type { EngineStatus, Late } from "./explanation.ts";
import { describeBlocker, describeHold } from "./messages.ts";
import type { NodeRecord, Wait } from "./record.ts";

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

const SEARCHING = describeNoPlan({ kind: "searching" });

/** The status of a node that the engine has not looked at. */
export const UNKNOWN: EngineStatus = { phase: "working", reason: "Not looked at yet", running: [] };

/** Describes in full what a wait of a node is for. */
export type FindBlocker = (record: NodeRecord, wait: Wait) => Blocker;

/**
 * Returns the status of a node by its last decision.
 *
 * @param record The node's record.
 * @param find Describes its waits.
 * @param now Clock milliseconds.
 */
export function engineStatusOf(record: NodeRecord, find: FindBlocker, now: number): EngineStatus {
  const late = lateOf(record, now);
  return late === undefined ? phaseOf(record, find, now) : { ...phaseOf(record, find, now), late };
}

function phaseOf(record: NodeRecord, find: FindBlocker, now: number): EngineStatus {
  const running = [...record.executions.values()].map(({ step, isOurs, since, id }) => ({
    key: step.key,
    ours: isOurs,
    since,
    execution: id,
  }));
  const { plan, runnable, noPath, waits } = record;
  if (record.searching && record.frozen === "no") return { phase: "working", reason: SEARCHING, running };
  if (record.frozen !== "no") {
    const phase = record.frozen === "moved" ? "waiting" : "frozen";
    return { phase, ...(record.frozenWhy !== undefined && { reason: record.frozenWhy }), running };
  }
  if (plan === undefined || runnable === undefined) return { ...UNKNOWN, running };
  if (noPath !== undefined) return { phase: "blocked", reason: noPath, running };
  const [held] = runnable.held;
  const stuck = held === undefined ? undefined : describeHold(held);
  if (running.length > 0) return { phase: "working", ...(stuck !== undefined && { reason: stuck }), running };
  const [wait] = waits;
  if (wait !== undefined) {
    return { phase: "waiting", reason: `${wait.step.key} ${describeBlocker(find(record, wait), now)}`, running };
  }
  if (runnable.retryAt !== undefined) {
    const reason = runnable.waiting.map((failure) => `${failure.key}: ${failure.reason}`).join("; ");
    return { phase: "backoff", reason, running, retryAt: runnable.retryAt };
  }
  if (stuck !== undefined) return { phase: "stuck", reason: stuck, running };
  if (!plan.ok || plan.steps.length === 0) return { phase: "converged", running };
  const awaited = plan.steps.find((step) => step.after.length === 0);
  return { phase: "working", reason: `Waits for the parent to run ${awaited?.key}`, running };
}

/**
 * Counts the nodes that are late, and those that wait for a limit, an invariant or a handler.
 *
 * @param records The records of all nodes.
 * @param now Clock milliseconds.
 */
export function countNow(
  records: Iterable<NodeRecord>,
  now: number,
): { readonly late: number; readonly waiting: number } {
  let late = 0;
  let waiting = 0;
  for (const record of records) {
    if (lateOf(record, now) !== undefined) late++;
    if (record.waits.length > 0) waiting++;
  }
  return { late, waiting };
}
