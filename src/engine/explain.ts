import type { Step } from "../plan/mod.ts";
import { disruptionPrepared } from "./clearance.ts";
import type { Gate } from "./gate.ts";
import type { Memory } from "./failures.ts";
import type { NodeRecord } from "./record.ts";
import type { FindObstacle } from "./status.ts";
import type { EngineNode, EngineStatus, Explanation, StepState } from "./types.ts";
import { describeObstacle } from "./words.ts";

/** Says of each step of a node's plan what it waits for. Plans afresh where the last look made no plan. */
export function explainNode(
  node: EngineNode,
  record: NodeRecord | undefined,
  status: EngineStatus,
  role: "parent" | "self",
  find: FindObstacle,
  now: number,
): Explanation {
  const plan = record?.plan ?? node.planner.plan(node);
  const steps = plan.ok ? plan.steps : [];
  const { phase, reason, late } = status;
  return {
    phase,
    ...(reason !== undefined && { reason }),
    ...(late !== undefined && { late }),
    now,
    steps: steps.map((step) => ({ step, state: stateOf(step, steps, node, record, role, find, now) })),
    ...(!plan.ok && { noPlan: plan.reason }),
    suspended: plan.suspended,
  };
}

function stateOf(
  step: Step,
  steps: readonly Step[],
  node: EngineNode,
  record: NodeRecord | undefined,
  role: "parent" | "self",
  find: FindObstacle,
  now: number,
): StepState {
  const flight = record?.flights.get(step.key);
  const other = role === "parent" ? "agent" : "parent";
  if (flight !== undefined) {
    const { since, execution, controller, seen } = flight;
    const until = since + flight.step.timeout;
    return controller === undefined
      ? { kind: "awaited", of: other, since, until }
      : { kind: "running", since, until, execution, ...(seen !== undefined && { words: seen.words }) };
  }
  const memory = record?.gate === undefined ? undefined : memoryOf(step, record.gate);
  if (memory?.held === true) {
    const { heldSince: since = now, attempts, reason, fleet = false } = memory;
    return { kind: "held", since, attempts, reason, fleet };
  }
  if (memory !== undefined) {
    return { kind: "backoff", until: memory.retryAt, attempts: memory.attempts, reason: memory.reason };
  }
  if (step.after.length > 0) {
    return { kind: "after", steps: step.after.flatMap((place) => steps[place]?.key ?? []) };
  }
  if (node.frozen !== "no") return { kind: "frozen", by: node.frozen };
  if (role === "self" && step.context === "parent") return { kind: "awaited", of: other };
  const prepared = disruptionPrepared(steps, step, node);
  const obstacle = record === undefined
    ? undefined
    : find(record, step.key) ?? (prepared === undefined ? undefined : find(record, prepared.key));
  if (obstacle !== undefined) return { kind: "waiting", obstacle, words: describeObstacle(obstacle, now) };
  const isShut = record?.gate !== undefined && !record.gate.open.some(({ key }) => key === step.key);
  return isShut ? { kind: "pointless" } : { kind: "ready" };
}

function memoryOf(step: Step, gate: Gate): Memory | undefined {
  return [...gate.held, ...gate.waiting].find(({ key }) => key === step.key);
}
