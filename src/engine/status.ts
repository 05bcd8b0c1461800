import { describeNoPlan, type MutationKey, type Step } from "../plan/mod.ts";
import { lateOf } from "./late.ts";
import type { NodeRecord } from "./record.ts";
import type { EngineStatus, Late, Obstacle } from "./types.ts";
import { describeHold, describeObstacle } from "./words.ts";

/** What a node waits for that was moved and has not been heard since. */
const MOVED = "it was moved and has not joined here: nothing is done to it while another aggregator may have it";

const SEARCHING = describeNoPlan({ kind: "searching" });

/** Finds what a mutation of a node waits for. */
export type FindObstacle = (record: NodeRecord, key: MutationKey) => Obstacle | undefined;

/** What the engine is doing with a node, as of its last look at it. */
export function statusOf(record: NodeRecord | undefined, find: FindObstacle, now: number): EngineStatus {
  if (record === undefined) return { phase: "working", reason: "Not looked at yet", running: [] };
  const late = lateOf(record, now);
  return late === undefined ? phaseOf(record, find, now) : { ...phaseOf(record, find, now), late };
}

function phaseOf(record: NodeRecord, find: FindObstacle, now: number): Omit<EngineStatus, "late"> {
  const running = [...record.flights.values()].map(({ step, controller, since, execution }) => ({
    key: step.key,
    ours: controller !== undefined,
    since,
    execution,
  }));
  const { plan, gate, noPath } = record;
  if (record.searching && record.frozen === "no") return { phase: "working", reason: SEARCHING, running };
  if (record.frozen === "moved") return { phase: "waiting", reason: MOVED, running };
  if (record.frozen !== "no") return { phase: "frozen", running };
  if (plan === undefined || gate === undefined) return { phase: "working", reason: "Not looked at yet", running };
  if (noPath !== undefined) return { phase: "blocked", reason: noPath, running };
  const [held] = gate.held;
  const stuck = held === undefined ? undefined : describeHold(held);
  if (running.length > 0) return { phase: "working", ...(stuck !== undefined && { reason: stuck }), running };
  const [waits] = waitsOf(record, find, now);
  if (waits !== undefined) return { phase: "waiting", reason: waits, running };
  if (gate.retryAt !== undefined) {
    const reason = gate.waiting.map((memory) => `${memory.key}: ${memory.reason}`).join("; ");
    return { phase: "backoff", reason, running, retryAt: gate.retryAt };
  }
  if (stuck !== undefined) return { phase: "stuck", reason: stuck, running };
  if (!plan.ok || plan.steps.length === 0) return { phase: "converged", running };
  const awaited = plan.steps.find((step: Step) => step.after.length === 0);
  return { phase: "working", reason: `Waits for the parent to run ${awaited?.key}`, running };
}

function waitsOf(record: NodeRecord, find: FindObstacle, now: number): string[] {
  return [...record.waits.keys()].flatMap((key) => {
    const obstacle = find(record, key);
    return obstacle === undefined ? [] : [`${key} ${describeObstacle(obstacle, now)}`];
  });
}

/** How many nodes are late, and how many wait for a limit, an invariant or a handler, at this moment. */
export function countNow(
  records: Iterable<NodeRecord>,
  now: number,
): { readonly late: number; readonly waiting: number } {
  let late = 0;
  let waiting = 0;
  for (const record of records) {
    const found: Late | undefined = lateOf(record, now);
    if (found !== undefined) late++;
    if (record.waits.size > 0) waiting++;
  }
  return { late, waiting };
}
