import type { NodeRecord } from "./record.ts";
import type { EngineStatus } from "./types.ts";

/** What the engine is doing with a node, as of its last look at it. */
export function statusOf(record: NodeRecord | undefined): EngineStatus {
  if (record === undefined) return { phase: "working", reason: "Not looked at yet", running: [] };
  const running = [...record.flights.values()].map(({ step, controller, since, execution }) => ({
    key: step.key,
    ours: controller !== undefined,
    since,
    execution,
  }));
  const { plan, gate, noPath } = record;
  if (record.frozen) return { phase: "frozen", running };
  if (plan === undefined || gate === undefined) return { phase: "working", reason: "Not looked at yet", running };
  if (noPath !== undefined) return { phase: "blocked", reason: noPath, running };
  const [held] = gate.held;
  const stuck = held === undefined
    ? undefined
    : `Gave up on ${held.key} after ${held.attempts} ${held.attempts === 1 ? "attempt" : "attempts"}: ${held.reason}`;
  if (running.length > 0) return { phase: "working", ...(stuck !== undefined && { reason: stuck }), running };
  if (gate.retryAt !== undefined) {
    const reason = gate.waiting.map((memory) => `${memory.key}: ${memory.reason}`).join("; ");
    return { phase: "backoff", reason, running, retryAt: gate.retryAt };
  }
  if (stuck !== undefined) return { phase: "stuck", reason: stuck, running };
  if (!plan.ok || plan.steps.length === 0) return { phase: "converged", running };
  const awaited = plan.steps.find((step) => step.after.length === 0);
  return { phase: "working", reason: `Waits for the parent to run ${awaited?.key}`, running };
}
